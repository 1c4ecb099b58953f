"""An independent client of OpenID Connect and OAuth 2 without a browser: Authlib."""
import os
import sys
import traceback

import requests
from authing import ManagementClient
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
checks = []


def check(sentence):
    """The function below the sentence is run later, in order; the first that fails ends the journey."""
    return lambda body: checks.append((sentence, body))


def ok(reply):
    assert reply["statusCode"] == 200, reply
    return reply["data"]


def application(**oidc_config):
    made = ok(management.create_application(app_name="Shop", oidc_config=oidc_config))
    return made["appId"], ok(management.get_application_secret(app_id=made["appId"]))["secret"]


def sign_in(app_id):
    payload = {"username": "ada", "password": PASSWORD}
    body = {"connection": "PASSWORD", "passwordPayload": payload, "options": {"scope": SCOPE}}
    reply = requests.post(f"{HOST}/api/v3/signin", json=body, headers={"x-authing-app-id": app_id})
    return ok(reply.json())


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
