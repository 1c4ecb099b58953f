// npm install authing-node-sdk otpauth
import { AuthenticationClient, ManagementClient } from "authing-node-sdk";
import { TOTP } from "otpauth";

const { WATCHWORD_HOST, ACCESS_KEY_ID, ACCESS_KEY_SECRET, APP_ID, APP_SECRET } = process.env;

// The administrator: a user, and the OTP secret that their authenticator app holds already.
const management = new ManagementClient({
  host: WATCHWORD_HOST,
  accessKeyId: ACCESS_KEY_ID,
  accessKeySecret: ACCESS_KEY_SECRET,
});
const done = (reply) => {
  if (reply.statusCode !== 200) throw new Error(JSON.stringify(reply));
  return reply.data;
};

const username = `ada-${Date.now()}`;
const password = "correct horse battery staple";
const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const { userId } = done(await management.createUser({ username, password }));
done(await management.importOtp({ list: [{ userId, otp: { secret, recoveryCode: "b471-8ec0-874a-087f-bccb-cd54" } }] }));
done(
  await management.setUsersMfaStatus({
    userId,
    mfaTriggerData: { mfaToken: "", applicationMfa: [{ mfaPolicy: "OTP", status: 1, sort: 0 }] },
  }),
);
console.log("status:", done(await management.getUserMfaStatus({ userId })).applicationMfa);
console.log("bound:", done(await management.getUserMfaInfo({ userId })));

// The user: a password, then the code.
const authentication = new AuthenticationClient({ appHost: WATCHWORD_HOST, appId: APP_ID, appSecret: APP_SECRET });
const challenge = await authentication.signInByUsernamePassword({ username, password });
console.log("sign-in:", challenge.statusCode, challenge.apiCode, challenge.message); // 300 1636
authentication.setAccessToken(challenge.data.mfaToken);

const authenticator = new TOTP({ secret });
const verified = done(await authentication.mfaOtpVerify({ totp: authenticator.generate() }));
console.log("verified:", verified.verified, await authentication.parseAccessToken(verified.access_token));
authentication.setAccessToken(verified.access_token);

// The user again: unbind that authenticator and bind a new one.
done(await management.setUsersMfaStatus({ userId, mfaTriggerData: { mfaToken: "", applicationMfa: [] } }));
const [factor] = done(await authentication.listEnrolledFactors());
done(await authentication.resetFactor({ factorId: factor.factorId }));

const { enrollmentToken, otpData } = done(
  await authentication.sendEnrollFactorRequest({ factorType: "OTP", profile: {} }),
);
console.log("show this as a QR code:", otpData.qrCodeUri);
const newAuthenticator = new TOTP({ secret: new URL(otpData.qrCodeUri).searchParams.get("secret") });
done(
  await authentication.enrollFactor({
    factorType: "OTP",
    enrollmentToken,
    enrollmentData: { passCode: newAuthenticator.generate() },
  }),
);
console.log("enrolled:", done(await authentication.listEnrolledFactors()));
