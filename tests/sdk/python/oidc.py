"""Authlib, an independent client of OpenID Connect and OAuth 2, and the official SDK's AuthenticationClient."""
import os
import re
import sys
import traceback
from urllib.parse import parse_qs, urljoin, urlsplit

import requests
from authing import AuthenticationClient, ManagementClient
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import KeySet, OctKey, RSAKey

HOST = os.environ["WATCHWORD_HOST"]
APP_ID = os.environ["APP_ID"]
APP_SECRET = os.environ["APP_SECRET"]
management = ManagementClient(
    access_key_id=os.environ["ACCESS_KEY_ID"], access_key_secret=os.environ["ACCESS_KEY_SECRET"], host=HOST
)
PASSWORD = "correct horse battery staple"
SCOPE = "openid profile email offline_access"
server = requests.get(f"{HOST}/oidc/.well-known/openid-configuration").json()
CALLBACK = "https://app.example.com/callback"
checks = []


def check(sentence):
    """The function below the sentence is run later, in order; the first that fails ends the journey."""
    return lambda body: checks.append((sentence, body))


def ok(reply):
    assert reply["statusCode"] == 200, reply
    return reply["data"]


def application(**oidc_config):
    made = ok(management.create_application(
        app_name="Shop", oidc_config=oidc_config, redirect_uris=[CALLBACK], logout_redirect_uris=[CALLBACK]
    ))
    return made["appId"], ok(management.get_application_secret(app_id=made["appId"]))["secret"]


def sign_in(app_id):
    payload = {"username": "ada", "password": PASSWORD}
    body = {"connection": "PASSWORD", "passwordPayload": payload, "options": {"scope": SCOPE}}
    reply = requests.post(f"{HOST}/api/v3/signin", json=body, headers={"x-authing-app-id": app_id})
    return ok(reply.json())


def follow(browser, reply):
    """To where the server sends a browser, until that is the callback: its address, or the page that is shown."""
    while "location" in reply.headers:
        address = urljoin(reply.url, reply.headers["location"])
        if address.startswith(CALLBACK):
            return address
        reply = browser.get(address, allow_redirects=False)
    return reply.text


def sign_in_at(browser, address):
    """Signs ada in on the page of an authorization request; answers the address of the callback."""
    page = follow(browser, browser.get(address, allow_redirects=False))
    action = re.search(r'action="([^"]+/login)"', page)[1]
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    form = {"csrf": csrf, "account": "ada", "password": PASSWORD}
    return follow(browser, browser.post(HOST + action, form, headers={"origin": HOST}, allow_redirects=False))


def keys():
    return KeySet.import_key_set(requests.get(server["jwks_uri"]).json())


user = ok(management.create_user(username="ada", email="ada@example.com", password=PASSWORD))


@check("the secret is proof by form and by header")
def _():
    app_id, secret = application(grant_types=["client_credentials"])
    for method in ("client_secret_post", "client_secret_basic"):
        session = OAuth2Session(app_id, secret, token_endpoint_auth_method=method, scope="orders:read")
        token = session.fetch_token(server["token_endpoint"], grant_type="client_credentials")
        assert token["scope"] == "orders:read", token
        claims = jwt.decode(token["access_token"], keys()).claims
        assert claims["client_id"] == app_id and claims["iss"] == server["issuer"], claims
        told = session.introspect_token(server["introspection_endpoint"], token=token["access_token"]).json()
        assert told["active"] is True, told
        assert session.revoke_token(server["revocation_endpoint"], token=token["access_token"]).status_code == 200
        told = session.introspect_token(server["introspection_endpoint"], token=token["access_token"]).json()
        assert told == {"active": False}, told


@check("an assertion is proof: client_secret_jwt and private_key_jwt")
def _():
    app_id, secret = application(grant_types=["client_credentials"], token_endpoint_auth_method="client_secret_jwt")
    session = OAuth2Session(app_id, secret, token_endpoint_auth_method="client_secret_jwt")
    session.register_client_auth_method(ClientSecretJWT(server["token_endpoint"]))
    assert session.fetch_token(server["token_endpoint"], grant_type="client_credentials")["access_token"]
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = RSAKey.import_key(pem).as_dict(private=False)
    app_id, _ = application(
        grant_types=["client_credentials"], token_endpoint_auth_method="private_key_jwt", jwks={"keys": [public]}
    )
    session = OAuth2Session(app_id, pem, token_endpoint_auth_method="private_key_jwt")
    session.register_client_auth_method(PrivateKeyJWT(server["token_endpoint"]))
    assert session.fetch_token(server["token_endpoint"], grant_type="client_credentials")["access_token"]


@check("tokens are refreshed, ID tokens verified, claims read, and the session ended")
def _():
    session = OAuth2Session(APP_ID, APP_SECRET, token_endpoint_auth_method="client_secret_post")
    first = sign_in(APP_ID)
    token = session.refresh_token(server["token_endpoint"], refresh_token=first["refresh_token"])
    claims = jwt.decode(token["id_token"], OctKey.import_key(APP_SECRET), algorithms=["HS256"]).claims
    CodeIDToken(claims, {"alg": "HS256"}, params={"access_token": token["access_token"]}).validate()
    assert claims["sub"] == user["userId"] and claims["aud"] == APP_ID, claims
    session.token = token
    assert session.get(server["userinfo_endpoint"]).json()["email"] == "ada@example.com"
    revoked = session.revoke_token(server["revocation_endpoint"], token=token["refresh_token"])
    assert revoked.status_code == 200
    assert session.get(server["userinfo_endpoint"]).status_code == 401


@check("Authlib signs a user in at the browser by code and PKCE")
def _():
    app_id, secret = application(id_token_signed_response_alg="RS256")
    session = OAuth2Session(
        app_id, secret, scope="openid email", redirect_uri=CALLBACK, code_challenge_method="S256",
        token_endpoint_auth_method="client_secret_post",
    )
    verifier, nonce = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", "n-0S6_WzA2Mj"
    address, state = session.create_authorization_url(
        server["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    callback = sign_in_at(requests.Session(), address)
    token = session.fetch_token(
        server["token_endpoint"], authorization_response=callback, state=state, code_verifier=verifier
    )
    claims = jwt.decode(token["id_token"], keys()).claims
    CodeIDToken(claims, {"alg": "RS256"}, params={"access_token": token["access_token"], "nonce": nonce}).validate()
    assert claims["sub"] == user["userId"] and claims["nonce"] == nonce, claims


@check("the official SDK's AuthenticationClient speaks its OAuth module: a code, tokens, the user, revocation")
def _():
    app_id, secret = application()
    client = AuthenticationClient(
        app_id=app_id, app_host=HOST, app_secret=secret, redirect_uri=CALLBACK, protocol="oauth"
    )
    address = client.build_authorize_url()
    assert address.startswith(f"{HOST}/oauth/auth?"), address
    code = parse_qs(urlsplit(sign_in_at(requests.Session(), address)).query)["code"][0]
    token = client.get_access_token_by_code(code)
    assert "id_token" not in token, token
    told = client.get_user_info_by_access_token(token["access_token"])
    assert (told["sub"], told["username"], told["email"]) == (user["userId"], "ada", "ada@example.com"), told
    assert client.introspect_token(token["access_token"])["active"] is True
    client.revoke_token(token["access_token"])
    assert client.introspect_token(token["access_token"])["active"] is False


@check("the official SDK's AuthenticationClient signs a user in at the browser, refreshes, and signs out")
def _():
    app_id, secret = application()
    client = AuthenticationClient(app_id=app_id, app_host=HOST, app_secret=secret, redirect_uri=CALLBACK)
    address = client.build_authorize_url(scope=SCOPE, redirect_uri=CALLBACK)
    browser = requests.Session()
    code = parse_qs(urlsplit(sign_in_at(browser, address)).query)["code"][0]
    token = client.get_access_token_by_code(code)
    assert client.get_user_info_by_access_token(token["access_token"])["sub"] == user["userId"]
    assert client.introspect_token(token["access_token"])["active"] is True
    assert client.introspect_token_offline(token["access_token"])["sub"] == user["userId"]
    fresh = client.get_new_access_token_by_refresh_token(token["refresh_token"])
    assert fresh["refresh_token"] != token["refresh_token"], fresh
    left = client.build_logout_url(redirect_uri=CALLBACK, id_token=fresh["id_token"])
    assert follow(browser, browser.get(left, allow_redirects=False)).startswith(CALLBACK)
    assert client.introspect_token(fresh["access_token"])["active"] is False


passed = 0
for sentence, body in checks:
    try:
        body()
    except Exception:
        print(f"not ok {passed + 1} {sentence}")
        traceback.print_exc()
        print(f"python oidc journey: {passed} passed, 1 failed")
        sys.exit(1)
    passed += 1
    print(f"ok {passed} {sentence}")
print(f"python oidc journey: {passed} passed, 0 failed")
