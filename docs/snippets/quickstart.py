# pip install "authing==5.1.0" "websockets<14" cryptography pyotp
import os
import time

import pyotp
from authing import AuthenticationClient, ManagementClient

host = os.environ["WATCHWORD_HOST"]

# The administrator: a user, and the OTP secret that their authenticator app holds already.
management = ManagementClient(
    host=host,
    access_key_id=os.environ["ACCESS_KEY_ID"],
    access_key_secret=os.environ["ACCESS_KEY_SECRET"],
)


def done(reply):
    if reply["statusCode"] != 200:
        raise SystemExit(reply)
    return reply.get("data")


username = f"ada-{time.time_ns()}"
password = "correct horse battery staple"
secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
user_id = done(management.create_user(username=username, password=password))["userId"]
otp = {"secret": secret, "recoveryCode": "b471-8ec0-874a-087f-bccb-cd54"}
done(management.import_otp([{"userId": user_id, "otp": otp}]))
demand_otp = {"mfaToken": "", "applicationMfa": [{"mfaPolicy": "OTP", "status": 1, "sort": 0}]}
done(management.set_users_mfa_status(demand_otp, user_id))
print("status:", done(management.get_user_mfa_status(user_id))["applicationMfa"])
print("bound:", done(management.get_user_mfa_info(user_id)))

# The user: a password, then the code.
authentication = AuthenticationClient(
    app_host=host, app_id=os.environ["APP_ID"], app_secret=os.environ["APP_SECRET"]
)
challenge = authentication.sign_in_by_username_password(username, password)
print("sign-in:", challenge["statusCode"], challenge["apiCode"], challenge["message"])  # 300 1636
authentication.set_access_token(challenge["data"]["mfaToken"])

authenticator = pyotp.TOTP(secret)
verified = done(authentication.mfa_otp_verify(authenticator.now()))
print("verified:", verified["verified"], authentication.introspect_token_offline(verified["access_token"]))
authentication.set_access_token(verified["access_token"])

# The user again: unbind that authenticator and bind a new one.
done(management.set_users_mfa_status({"mfaToken": "", "applicationMfa": []}, user_id))
factor = done(authentication.list_enrolled_factors())[0]
done(authentication.reset_factor(factor["factorId"]))

enrolment = done(authentication.send_enroll_factor_request({}, "OTP"))
print("show this as a QR code:", enrolment["otpData"]["qrCodeUri"])
new_authenticator = pyotp.parse_uri(enrolment["otpData"]["qrCodeUri"])
done(authentication.enroll_factor({"passCode": new_authenticator.now()}, enrolment["enrollmentToken"], "OTP"))
print("enrolled:", done(authentication.list_enrolled_factors()))
