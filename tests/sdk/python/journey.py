"""The official Python SDK, unmodified, from an empty server to a second factor and back. Only host and keys are ours."""
import base64
import os
import re
import sys
import time
import traceback
from urllib.parse import parse_qs, unquote, urlsplit

import jwt
import pyotp
import requests
from authing import AuthenticationClient, ManagementClient

HOST = os.environ["WATCHWORD_HOST"]
APP_ID = os.environ["APP_ID"]
APP_SECRET = os.environ["APP_SECRET"]
USER_POOL_ID = os.environ["USER_POOL_ID"]
ACCESS_KEY_ID = os.environ["ACCESS_KEY_ID"]
ACCESS_KEY_SECRET = os.environ["ACCESS_KEY_SECRET"]

PASSWORD = "correct horse battery staple"
RECOVERY_CODE = "b471-8ec0-874a-087f-bccb-cd54"
RECOVERY_SHAPE = r"([0-9a-f]{4}-){5}[0-9a-f]{4}"
NOBODY = "0123456789abcdef01234567"
STEP = 30

management = ManagementClient(access_key_id=ACCESS_KEY_ID, access_key_secret=ACCESS_KEY_SECRET, host=HOST)
checks = []


def check(sentence):
    """The function below the sentence is run later, in order; the first that fails ends the journey."""
    return lambda body: checks.append((sentence, body))


def ok(reply):
    assert reply["statusCode"] == 200, reply
    return reply.get("data")


def refused(reply, status_code, api_code=None):
    assert reply["statusCode"] == status_code, reply
    assert api_code is None or reply["apiCode"] == api_code, reply
    assert reply["requestId"], "a refusal names its request"
    return reply


def client(token=None):
    """A client as one end user's program has it."""
    return AuthenticationClient(
        app_id=APP_ID, app_host=HOST, app_secret=APP_SECRET, access_token=token, use_unverified_ssl=False
    )


def sign_in(username, password=PASSWORD, options=None):
    return client().sign_in_by_username_password(username, password, options)


def challenged(username, api_code):
    """Signs in and expects to be asked for a second factor; returns the mfaToken."""
    data = refused(sign_in(username), 300, api_code)["data"]
    assert data["mfaToken"], "the challenge carries an mfaToken"
    assert not {"access_token", "id_token", "refresh_token"} & {k for k, v in data.items() if v}, data
    return data["mfaToken"]


def post(path, token=None, **body):
    headers = {"x-authing-app-id": APP_ID}
    if token:
        headers["authorization"] = "Bearer " + token
    return requests.post(HOST + path, headers=headers, timeout=10, **body).json()


def close_global_factors(*factors):
    """An operation that this SDK has no function for, with the SDK's own authentication."""
    json = {"disableFactors": list(factors)}
    ok(management.http_client.request(method="POST", url="/api/v3/disable-global-mfa-settings", json=json))


class Authenticator:
    """Never shows a code twice, and waits for a later one only when the ±1 window has no more."""

    def __init__(self, secret):
        self.totp = pyotp.TOTP(secret)
        self.used = 0

    @staticmethod
    def from_uri(uri):
        return Authenticator(pyotp.parse_uri(uri).secret)

    def next(self):
        step = max(self.now(), self.used + 1)
        while step > self.now() + 1:
            time.sleep(0.2)
        self.used = step
        return self.totp.at(step * STEP)

    def wrong(self):
        """A code of none of the steps near now."""
        near = {self.totp.at((self.now() + offset) * STEP) for offset in range(-2, 3)}
        return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)

    @staticmethod
    def now():
        return int(time.time()) // STEP


ada_phone = Authenticator("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP")
users = {}
seen = {}


@check("global factors are switched on and off; Python has no function for off, so its HTTP client is used")
def _():
    close_global_factors("OTP", "SMS", "EMAIL")
    assert ok(management.update_global_mfa_settings(["OTP", "EMAIL"]))["enabledFactors"] == ["OTP", "EMAIL"]
    close_global_factors("OTP", "EMAIL")
    assert ok(management.get_global_mfa_settings())["enabledFactors"] == []
    ok(management.update_application_mfa_settings(APP_ID, [], ["OTP", "SMS", "EMAIL"]))


@check("users are created, alone and in a batch")
def _():
    users["ada"] = ok(management.create_user(username="ada", email="ada@example.com", password=PASSWORD))["userId"]
    batch = ok(management.create_users_batch([{"username": n, "password": PASSWORD} for n in ("bob", "carol")]))
    users.update({user["username"]: user["userId"] for user in batch})
    assert set(users) == {"ada", "bob", "carol"}
    refused(management.create_user(username="Ada", password=PASSWORD), 409)


@check("users are found by id and name, listed, searched, changed")
def _():
    assert ok(management.get_user("ada@example.com", "email"))["userId"] == users["ada"]
    batch = ok(management.get_user_batch([users["ada"], users["bob"]]))
    assert {user["userId"] for user in batch} == {users["ada"], users["bob"]}
    assert ok(management.list_users(options={"pagination": {"page": 1, "limit": 2}}))["totalCount"] == 3
    assert [user["userId"] for user in ok(management.list_users(keywords="carol"))["list"]] == [users["carol"]]
    assert ok(management.is_user_exists(username="bob"))["exists"] is True
    ok(management.update_user(users["bob"], nickname="小波"))
    assert ok(management.get_user(users["bob"]))["nickname"] == "小波"


@check("a user without a factor signs in with a password alone, and the tokens check out offline")
def _():
    tokens = ok(sign_in("bob", options={"scope": "openid profile offline_access"}))
    assert client().introspect_token_offline(tokens["access_token"])["sub"] == users["bob"]
    assert client().introspect_token_offline(tokens["access_token"])["aud"] in (APP_ID, [APP_ID])
    header, payload, signature = tokens["access_token"].split(".")
    forged = ".".join((header, payload, signature[:-8] + "AAAAAAAA"))
    try:
        client().introspect_token_offline(forged)
    except jwt.InvalidSignatureError:
        pass
    else:
        raise AssertionError("a forged signature passed")
    seen["bob"] = tokens


@check("a refresh token buys new tokens")
def _():
    fresh = client().get_new_access_token_by_refresh_token(seen["bob"]["refresh_token"])
    assert fresh["access_token"] != seen["bob"]["access_token"]
    assert client().introspect_token_offline(fresh["access_token"])["sub"] == users["bob"]


@check("a wrong password and an unknown user are told apart by nothing")
def _():
    wrong = refused(sign_in("bob", "not the password"), 403, 2333)
    unknown = refused(sign_in("nobody", "not the password"), 403, 2333)
    assert {**wrong, "requestId": ""} == {**unknown, "requestId": ""}


@check("a bad import names the entry and imports nothing")
def _():
    good = {"userId": users["bob"], "otp": {"secret": "JBSWY3DPEHPK3PXP"}}
    bad = {"userId": users["carol"], "otp": {"secret": "JBSWY3DPEHPK3PX8"}}
    assert "list[1].otp.secret" in refused(management.import_otp([good, bad]), 400)["message"]
    refused(management.import_otp([good, good]), 400)
    refused(management.import_otp([good, {**good, "userId": NOBODY}]), 404, 2004)
    assert ok(management.get_user_mfa_info(users["bob"]))["totpStatus"] == "disabled"


@check("an OTP secret is imported, enabled, and read back")
def _():
    otp = {"secret": ada_phone.totp.secret, "recoveryCode": RECOVERY_CODE}
    ok(management.import_otp([{"userId": users["ada"], "otp": otp}]))
    info = ok(management.get_user_mfa_info("ada", "username"))
    assert (info["totpStatus"], info["smsMfaStatus"], info["emailMfaStatus"]) == ("enabled", "disabled", "disabled")
    assert ok(management.get_otp_secret_by_user(users["ada"]))["secret"] == ada_phone.totp.secret


@check("the imported factor's code completes the sign-in")
def _():
    session = client(challenged("ada", 1635))
    assert ok(session.mfa_otp_verify(ada_phone.wrong()))["verified"] is False
    seen["code"] = ada_phone.next()
    tokens = ok(session.mfa_otp_verify(seen["code"]))
    assert tokens["verified"] is True
    assert client().introspect_token_offline(tokens["access_token"])["sub"] == users["ada"]
    seen["ada"] = tokens["access_token"]


@check("importing the same secret again does not make a used code good")
def _():
    otp = {"secret": ada_phone.totp.secret, "recoveryCode": RECOVERY_CODE}
    ok(management.import_otp([{"userId": users["ada"], "otp": otp}]))
    session = client(challenged("ada", 1635))
    assert ok(session.mfa_otp_verify(seen["code"]))["verified"] is False
    assert ok(session.mfa_otp_verify(ada_phone.next()))["verified"] is True


@check("mfaToken introspection knows live tokens from everything else")
def _():
    token = challenged("ada", 1635)
    live = post("/mfa/token/introspection", data={"token": token})
    assert (live["active"], live["userId"], live["userPoolId"]) == (True, users["ada"], USER_POOL_ID), live
    assert 0 < live["exp"] - live["iat"] <= 300
    assert post("/mfa/token/introspection", data={"token": token + "x"})["active"] is False
    assert client().verify_mfa_token(token)["active"] is False, "the SDK drops its argument"


@check("the recovery code signs in once and is replaced")
def _():
    path = "/api/v2/mfa/totp/recovery"
    token = challenged("ada", 1635)
    wrong = post(path, token, json={"recoveryCode": "0000-0000-0000-0000-0000-0000"})
    assert 6002 in (wrong.get("code"), wrong.get("apiCode")), wrong
    right = post(path, token, json={"recoveryCode": RECOVERY_CODE})
    assert client().introspect_token_offline(right["data"]["access_token"])["sub"] == users["ada"], right
    assert re.fullmatch(RECOVERY_SHAPE, right["recoveryCode"]) and right["recoveryCode"] != RECOVERY_CODE
    spent = post(path, challenged("ada", 1635), json={"recoveryCode": RECOVERY_CODE})
    assert 6002 in (spent.get("code"), spent.get("apiCode")), spent


@check("OTP is switched off and on by part of the trigger data")
def _():
    ok(management.set_users_mfa_status({"totpMfaEnabled": False}, users["ada"]))
    assert ok(management.get_user_mfa_status(users["ada"]))["totpMfaEnabled"] is False
    assert ok(sign_in("ada"))["access_token"]
    ok(management.set_users_mfa_status({"totpMfaEnabled": True}, "ada", "username"))
    challenged("ada", 1635)


@check("whole trigger data, nulls included, is stored and demanded at sign-in")
def _():
    ok(management.set_users_mfa_status(
        {
            "mfaToken": "anything", "mfaPhone": None, "mfaPhoneCountryCode": None, "mfaEmail": "ada@example.com",
            "nickname": None, "username": None, "phone": None, "phoneCountryCode": None, "faceMfaEnabled": False,
            "totpMfaEnabled": True, "applicationMfa": [{"mfaPolicy": "OTP", "status": 1, "sort": 0}],
        },
        users["ada"],
    ))
    stored = ok(management.get_user_mfa_status(users["ada"]))
    assert (stored["mfaEmail"], stored["username"]) == ("ada@example.com", "ada")
    assert stored["applicationMfa"] == [{"mfaPolicy": "OTP", "status": 1, "sort": 0}]
    assert post("/mfa/token/introspection", data={"token": stored["mfaToken"]})["active"] is False
    challenged("ada", 1636)
    ok(management.set_users_mfa_status({"mfaEmail": None, "applicationMfa": []}, users["ada"]))
    assert ok(management.get_user_mfa_info(users["ada"]))["emailMfaStatus"] == "disabled"


@check("an application that demands OTP shows it in the trigger data")
def _():
    assert ok(management.update_application_mfa_settings(APP_ID, ["OTP"]))["enabledFactors"] == ["OTP"]
    trigger = ok(management.get_mfa_trigger_data(APP_ID, users["carol"]))
    assert [factor["mfaPolicy"] for factor in trigger["applicationMfa"] if factor["status"] == 1] == ["OTP"]
    assert trigger["totpMfaEnabled"] is False


@check("a user without the factor enrols with the mfaToken; a wrong code binds nothing")
def _():
    session = client(challenged("carol", 1636))
    assert ok(session.list_factors_to_enroll()) == [{"factorType": "OTP"}]
    started = ok(session.send_enroll_factor_request({}, "OTP"))
    token, otp = started["enrollmentToken"], started["otpData"]
    assert len(base64.b64decode(token)) == 128
    assert re.fullmatch(RECOVERY_SHAPE, otp["recoveryCode"])
    assert otp["qrCodeDataUrl"].startswith("data:image/png;base64,iVBOR")
    uri = urlsplit(otp["qrCodeUri"])
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp") and unquote(uri.path).endswith(":carol"), otp["qrCodeUri"]
    assert list(parse_qs(uri.query)) == ["secret", "period", "digits", "algorithm", "issuer"]

    phone = Authenticator.from_uri(otp["qrCodeUri"])
    refused(session.enroll_factor({"passCode": phone.wrong()}, token, "OTP"), 403, 6001)
    assert ok(management.get_user_mfa_info(users["carol"]))["totpStatus"] == "disabled"
    ok(session.enroll_factor({"passCode": phone.next()}, token, "OTP"))
    assert ok(management.get_user_mfa_info(users["carol"]))["totpStatus"] == "enabled"
    seen["carol"] = phone


@check("the enrolled factor is listed, bound once, kept while demanded, removed afterwards")
def _():
    verified = ok(client(challenged("carol", 1636)).mfa_otp_verify(seen["carol"].next()))
    session = client(verified["access_token"])
    [factor] = ok(session.list_enrolled_factors())
    assert factor["factorType"] == "OTP"
    assert ok(session.get_factor(factor["factorId"])) == factor
    assert ok(session.list_factors_to_enroll()) == []
    refused(session.send_enroll_factor_request({}, "OTP"), 409)
    refused(session.reset_factor(factor["factorId"]), 403)
    ok(management.update_application_mfa_settings(APP_ID, [], ["OTP"]))
    refused(client(seen["bob"]["access_token"]).reset_factor(factor["factorId"]), 404)
    ok(session.reset_factor(factor["factorId"]))
    assert ok(session.list_enrolled_factors()) == []
    assert ok(sign_in("carol"))["access_token"]


@check("applications are created, listed, given a new secret, deleted")
def _():
    app_id = ok(management.create_application("Second", app_identifier="second-app"))["appId"]
    assert ok(management.get_application(app_id))["appName"] == "Second"
    assert app_id in [app["appId"] for app in ok(management.list_application_simple_info())["list"]]
    before = ok(management.get_application_secret(app_id))["secret"]
    assert ok(management.refresh_application_secret(app_id))["secret"] != before
    ok(management.delete_application(app_id))
    refused(management.get_application(app_id), 404)


@check("a collaborator's key may do nothing until it is granted, and is gone once deleted")
def _():
    created = ok(management.create_access_key("userpool", users["ada"]))
    key = created[0] if isinstance(created, list) else created
    collaborator = ManagementClient(key["accessKeyId"], key["accessKeySecret"], host=HOST)
    refused(collaborator.get_user(users["ada"]), 403)
    assert key["accessKeyId"] in [row["accessKeyId"] for row in ok(management.get_access_key_list(users["ada"]))]
    ok(management.delete_access_key(key["accessKeyId"]))
    refused(collaborator.get_user(users["ada"]), 401)


@check("a user who is put out has no valid token left; a deleted one is unknown")
def _():
    session = client(ok(sign_in("bob"))["access_token"])
    assert ok(session.list_enrolled_factors()) == []
    ok(management.kick_users([APP_ID], users["bob"]))
    refused(session.list_enrolled_factors(), 401)
    ok(management.delete_users_batch([users["ada"]]))
    refused(management.get_user(users["ada"]), 404, 2004)
    refused(sign_in("ada"), 403, 2333)


for number, (sentence, body) in enumerate(checks, start=1):
    try:
        body()
    except Exception:
        print(f"not ok {number} {sentence}", flush=True)
        traceback.print_exc()
        print(f"python journey: {number - 1} passed, 1 failed")
        sys.exit(1)
    print(f"ok {number} {sentence}", flush=True)
print(f"python journey: {len(checks)} passed, 0 failed")
