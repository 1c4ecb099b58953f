"""The official SDK's AuthenticationClient, for a user who makes an account, keeps it, and ends it."""
import os
import re
import sys
import time
import traceback

import requests
from authing import AuthenticationClient, ManagementClient

HOST = os.environ["WATCHWORD_HOST"]
management = ManagementClient(
    access_key_id=os.environ["ACCESS_KEY_ID"], access_key_secret=os.environ["ACCESS_KEY_SECRET"], host=HOST
)
PASSWORD = "correct horse battery staple"
OTHER_PASSWORD = "staple battery horse correct"
PHONE = "13800138000"
OPTIONS = {"scope": "openid profile email phone"}
checks = []
# Messages that were read already.
read = set()


def check(sentence):
    """The function below the sentence is run later, in order; the first that fails ends the journey."""
    return lambda body: checks.append((sentence, body))


def ok(reply):
    assert reply["statusCode"] == 200, reply
    return reply.get("data")


def refused(reply, status):
    assert reply["statusCode"] == status, reply


def code(target):
    """The code that was sent to a target: the server runs in demo mode, and its worker brings what it sends to a page."""
    for _ in range(100):
        for message in requests.get(f"{HOST}/dev/inbox.json").json()["list"]:
            if message["to"].endswith(target) and message["id"] not in read:
                read.add(message["id"])
                return re.search(r"\b\d{4,8}\b", message["text"])[0]
        time.sleep(0.1)
    raise AssertionError(f"no message to {target}")


def mailed(client, email, channel):
    ok(client.send_email(channel=channel, email=email))
    return code(email)


def texted(client, phone, channel):
    ok(client.send_sms(channel=channel, phone_number=phone))
    return code(phone)


made = ok(management.create_application(
    app_name="Club",
    register_config={
        "enabledBasicRegisterMethods": ["PHONE_CODE", "EMAIL_CODE", "EMAIL_PASSWORD"],
        "defaultRegisterMethod": "PASSWORD",
    },
    login_config={
        "showAuthorizationPage": False,
        "enabledBasicLoginMethods":
            ["USERNAME_PASSWORD", "EMAIL_PASSWORD", "PHONE_PASSWORD", "EMAIL_CODE", "PHONE_CODE"],
    },
))
APP_ID = made["appId"]
APP_SECRET = ok(management.get_application_secret(app_id=APP_ID))["secret"]


def client(token=None):
    """A client of this application, as nobody or with a user's token."""
    made = AuthenticationClient(app_id=APP_ID, app_host=HOST, app_secret=APP_SECRET)
    if token:
        made.set_access_token(token)
    return made


anybody = client()


def user(name):
    """A user whom an administrator makes: each target gets one message a minute, so that each check has a user of its
    own."""
    return ok(management.create_user(
        username=name, email=f"{name}@example.com", email_verified=True, password=PASSWORD
    ))


def by_phone(password):
    return anybody.sign_in_by_phone_password(phone=PHONE, password=password, options=OPTIONS)


def by_name(name, password):
    return anybody.sign_in_by_username_password(username=name, password=password, options=OPTIONS)


def signed_in(reply):
    return client(ok(reply)["access_token"])


@check("a user signs up with a password, signs in, and reads the profile")
def _():
    made = ok(anybody.sign_up_by_email_password(
        email="ada@example.com", password=PASSWORD, profile={"nickname": "Ada"}
    ))
    assert (made["email"], made["emailVerified"], made["nickname"]) == ("ada@example.com", False, "Ada"), made
    refused(anybody.sign_up_by_email_password(email="Ada@Example.com", password=PASSWORD), 409)
    ada = signed_in(anybody.sign_in_by_email_password(email="ada@example.com", password=PASSWORD, options=OPTIONS))
    profile = ok(ada.get_profile())
    assert (profile["userId"], profile["nickname"]) == (made["userId"], "Ada"), profile
    refused(anybody.get_profile(), 401)


@check("a user signs up by a code to an e-mail address, which is proven by that")
def _():
    email = "bob@example.com"
    pass_code = mailed(anybody, email, "CHANNEL_REGISTER")
    made = ok(anybody.sign_up_by_email_passcode(email=email, pass_code=pass_code))
    assert made["emailVerified"] is True, made
    refused(anybody.sign_up_by_email_passcode(email=email, pass_code=pass_code), 403)


@check("a user signs in by a code to an e-mail address, once")
def _():
    made, email = user("dan"), "dan@example.com"
    pass_code = mailed(anybody, email, "CHANNEL_LOGIN")
    dan = signed_in(anybody.sign_in_by_email_passcode(email=email, pass_code=pass_code, options=OPTIONS))
    assert ok(dan.get_profile())["userId"] == made["userId"]
    refused(anybody.sign_in_by_email_passcode(email=email, pass_code=pass_code, options=OPTIONS), 403)


@check("a user signs up by a code to a phone, and changes the profile and nothing beside")
def _():
    pass_code = texted(anybody, PHONE, "CHANNEL_REGISTER")
    made = ok(anybody.sign_up_by_phone_passcode(
        phone=PHONE, pass_code=pass_code, profile={"name": "Cyd"}, options={"passwordForPhonePassCode": PASSWORD}
    ))
    assert (made["phone"], made["phoneVerified"], made["name"]) == (PHONE, True, "Cyd"), made
    cyd = signed_in(by_phone(PASSWORD))
    changed = ok(cyd.update_profile(nickname="C", gender="F", birthdate="1990-01-02", city="London"))
    assert (changed["nickname"], changed["gender"], changed["name"]) == ("C", "F", "Cyd"), changed
    shown = ok(cyd.get_profile(with_custom_data=True, with_identities=True, with_department_ids=True))
    assert (shown["nickname"], shown["birthdate"], shown["departmentIds"]) == ("C", "1990-01-02", []), shown
    refused(cyd.update_profile(gender="X-ray"), 400)


@check("an e-mail address is bound by a code")
def _():
    cyd, email = signed_in(by_phone(PASSWORD)), "cyd@example.com"
    ok(cyd.bind_email(email=email, pass_code=mailed(cyd, email, "CHANNEL_BIND_EMAIL")))
    shown = ok(cyd.get_profile())
    assert (shown["email"], shown["emailVerified"]) == (email, True), shown


@check("an e-mail address is replaced in two steps, by codes to the old one and the new one")
def _():
    user("eve")
    eve = signed_in(by_name("eve", PASSWORD))
    old, new = "eve@example.com", "eve@example.org"
    payload = {
        "oldEmail": old, "oldEmailPassCode": mailed(eve, old, "CHANNEL_UPDATE_EMAIL"),
        "newEmail": new, "newEmailPassCode": mailed(eve, new, "CHANNEL_UPDATE_EMAIL"),
    }
    begun = ok(eve.verify_update_email_request(verify_method="EMAIL_PASSCODE", email_pass_code_payload=payload))
    ok(eve.update_email(update_email_token=begun["updateEmailToken"]))
    refused(eve.update_email(update_email_token=begun["updateEmailToken"]), 403)
    assert ok(eve.get_profile())["email"] == new


@check("the password is changed by who knows the old one")
def _():
    cyd = signed_in(by_phone(PASSWORD))
    refused(cyd.update_password(old_password=OTHER_PASSWORD, new_password=OTHER_PASSWORD), 403)
    ok(cyd.update_password(old_password=PASSWORD, new_password=OTHER_PASSWORD))
    refused(by_phone(PASSWORD), 403)
    assert ok(cyd.get_login_history())["totalCount"] >= 1
    assert ok(cyd.get_logged_in_apps())[0]["appId"] == APP_ID


@check("a forgotten password is replaced by a code, and who was signed in is no more")
def _():
    user("fay")
    fay, email = signed_in(by_name("fay", PASSWORD)), "fay@example.com"
    payload = {"email": email, "passCode": mailed(anybody, email, "CHANNEL_RESET_PASSWORD")}
    begun = ok(anybody.verify_reset_password_request(verify_method="EMAIL_PASSCODE", email_pass_code_payload=payload))
    ok(anybody.reset_password(password=OTHER_PASSWORD, password_reset_token=begun["passwordResetToken"]))
    refused(fay.get_profile(), 401)
    refused(by_name("fay", PASSWORD), 403)
    signed_in(by_name("fay", OTHER_PASSWORD))


@check("an account ends in two steps, and nobody signs in to it again")
def _():
    user("gus")
    gus, email = signed_in(by_name("gus", PASSWORD)), "gus@example.com"
    payload = {"email": email, "passCode": mailed(gus, email, "CHANNEL_DELETE_ACCOUNT")}
    begun = ok(gus.verify_delete_account_request(verify_method="EMAIL_PASSCODE", email_pass_code_payload=payload))
    ok(gus.delete_account(delete_account_token=begun["deleteAccountToken"]))
    refused(by_name("gus", PASSWORD), 403)
    refused(gus.get_profile(), 401)


passed = 0
for sentence, body in checks:
    try:
        body()
    except Exception:
        print(f"not ok {passed + 1} {sentence}")
        traceback.print_exc()
        print(f"python account journey: {passed} passed, 1 failed")
        sys.exit(1)
    passed += 1
    print(f"ok {passed} {sentence}")
print(f"python account journey: {passed} passed, 0 failed")
