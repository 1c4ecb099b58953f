// Maven: cn.authing:authing-java-sdk:3.1.19
import cn.authing.sdk.java.client.AuthenticationClient;
import cn.authing.sdk.java.client.ManagementClient;
import cn.authing.sdk.java.dto.*;
import cn.authing.sdk.java.model.AuthenticationClientOptions;
import cn.authing.sdk.java.model.AuthingRequestConfig;
import cn.authing.sdk.java.model.ManagementClientOptions;
import java.nio.ByteBuffer;
import java.util.Collections;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

public class Quickstart {
    static final String HOST = System.getenv("WATCHWORD_HOST");

    public static void main(String[] args) throws Exception {
        // The administrator: a user, and the OTP secret that their authenticator app holds already.
        ManagementClientOptions managementOptions = new ManagementClientOptions();
        managementOptions.setHost(HOST);
        managementOptions.setAccessKeyId(System.getenv("ACCESS_KEY_ID"));
        managementOptions.setAccessKeySecret(System.getenv("ACCESS_KEY_SECRET"));
        ManagementClient management = new ManagementClient(managementOptions);

        String username = "ada-" + System.nanoTime();
        String password = "correct horse battery staple";
        String secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        CreateUserReqDto user = new CreateUserReqDto();
        user.setUsername(username);
        user.setPassword(password);
        UserSingleRespDto created = management.createUser(user);
        done(created.getStatusCode(), created.getMessage());
        String userId = created.getData().getUserId();

        ImportOtpItemDataDto otp = new ImportOtpItemDataDto();
        otp.setSecret(secret);
        otp.setRecoveryCode("b471-8ec0-874a-087f-bccb-cd54");
        ImportOtpItemDto item = new ImportOtpItemDto();
        item.setUserId(userId);
        item.setOtp(otp);
        ImportOtpReqDto batch = new ImportOtpReqDto();
        batch.setList(Collections.singletonList(item));
        CommonResponseDto imported = management.importOtp(batch);
        done(imported.getStatusCode(), imported.getMessage());

        ApplicationMfaDto demandOtp = new ApplicationMfaDto();
        demandOtp.setMfaPolicy("OTP");
        demandOtp.setStatus(1);
        demandOtp.setSort(0);
        demand(management, userId, demandOtp);
        GetMfaStatusDto statusOf = new GetMfaStatusDto();
        statusOf.setUserId(userId);
        System.out.println("status: " + management.getUserMfaStatus(statusOf).getData().getTotpMfaEnabled());
        GetUserMfaInfoDto infoOf = new GetUserMfaInfoDto();
        infoOf.setUserId(userId);
        System.out.println("bound: " + management.getUserMfaInfo(infoOf).getData().getTotpStatus());

        // The user: a password, then the code.
        AuthenticationClientOptions options = new AuthenticationClientOptions();
        options.setAppHost(HOST);
        options.setAppId(System.getenv("APP_ID"));
        options.setAppSecret(System.getenv("APP_SECRET"));
        AuthenticationClient authentication = new AuthenticationClient(options);

        SignInByPasswordPayloadDto payload = new SignInByPasswordPayloadDto();
        payload.setUsername(username);
        payload.setPassword(password);
        SigninByCredentialsDto credentials = new SigninByCredentialsDto();
        credentials.setConnection(SigninByCredentialsDto.Connection.PASSWORD);
        credentials.setPasswordPayload(payload);
        credentials.setClientId(options.getAppId());
        credentials.setClientSecret(options.getAppSecret());
        // The SDK's reply types leave out the mfaToken and the tokens after it, so these two replies are read as maps.
        Map<?, ?> challenge = post(authentication, "/api/v3/signin", credentials);
        System.out.println("sign-in: " + challenge.get("statusCode") + " " + challenge.get("apiCode")); // 300 1636
        authentication.setAccessToken((String) ((Map<?, ?>) challenge.get("data")).get("mfaToken"));

        MfaOtpVerityDto code = new MfaOtpVerityDto();
        code.setTotp(totp(secret));
        Map<?, ?> verified = (Map<?, ?>) post(authentication, "/api/v3/mfa-totp-verify", code).get("data");
        System.out.println("verified: " + verified.get("verified"));
        String accessToken = (String) verified.get("access_token");
        authentication.introspectAccessTokenOffline(accessToken);
        authentication.setAccessToken(accessToken);

        // The user again: unbind that authenticator and bind a new one.
        demand(management, userId);
        ResetFactorDto reset = new ResetFactorDto();
        reset.setFactorId(authentication.listEnrolledFactors().getData().get(0).getFactorId());
        ResetFactorRespDto unbound = authentication.resetFactor(reset);
        done(unbound.getStatusCode(), unbound.getMessage());

        SendEnrollFactorRequestDto request = new SendEnrollFactorRequestDto();
        request.setFactorType(SendEnrollFactorRequestDto.FactorType.OTP);
        request.setProfile(new FactorProfile());
        SendEnrollFactorRequestRespDto started = authentication.sendEnrollFactorRequest(request);
        done(started.getStatusCode(), started.getMessage());
        String uri = started.getData().getOtpData().getQrCodeUri();
        System.out.println("show this as a QR code: " + uri);

        EnrollFactorEnrollmentDataDto proof = new EnrollFactorEnrollmentDataDto();
        proof.setPassCode(totp(uri.replaceAll(".*[?&]secret=([A-Z2-7]+).*", "$1")));
        EnrollFactorDto enrolment = new EnrollFactorDto();
        enrolment.setFactorType(EnrollFactorDto.FactorType.OTP);
        enrolment.setEnrollmentToken(started.getData().getEnrollmentToken());
        enrolment.setEnrollmentData(proof);
        EnrollFactorRespDto enrolled = authentication.enrollFactor(enrolment);
        done(enrolled.getStatusCode(), enrolled.getMessage());
        System.out.println("enrolled: " + authentication.listEnrolledFactors().getData().get(0).getFactorId());
    }

    /** Sets which factors this one user is asked for at sign-in. */
    static void demand(ManagementClient management, String userId, ApplicationMfaDto... factors) {
        GetMfaInfoDataDto trigger = new GetMfaInfoDataDto();
        trigger.setMfaToken("");
        trigger.setApplicationMfa(java.util.Arrays.asList(factors));
        SetMfaStatusDto status = new SetMfaStatusDto();
        status.setUserId(userId);
        status.setMfaTriggerData(trigger);
        IsSuccessRespDto set = management.setUsersMfaStatus(status);
        done(set.getStatusCode(), set.getMessage());
    }

    static Map<?, ?> post(AuthenticationClient client, String path, Object body) {
        AuthingRequestConfig config = new AuthingRequestConfig();
        config.setUrl(path);
        config.setMethod("POST");
        config.setBody(body);
        return AuthenticationClient.deserialize(client.request(config), Map.class);
    }

    static void done(Integer statusCode, String message) {
        if (statusCode != 200) {
            throw new IllegalStateException(statusCode + " " + message);
        }
    }

    /** RFC 6238: the code that an authenticator app shows now. */
    static String totp(String base32) throws Exception {
        java.math.BigInteger bits = java.math.BigInteger.ZERO;
        for (char digit : base32.toCharArray()) {
            bits = bits.shiftLeft(5).or(java.math.BigInteger.valueOf("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(digit)));
        }
        int length = base32.length() * 5 / 8;
        byte[] all = bits.shiftRight(base32.length() * 5 % 8).toByteArray();
        byte[] key = new byte[length];
        int copied = Math.min(length, all.length);
        System.arraycopy(all, all.length - copied, key, length - copied, copied);

        Mac mac = Mac.getInstance("HmacSHA1");
        mac.init(new SecretKeySpec(key, "HmacSHA1"));
        long step = System.currentTimeMillis() / 1000 / 30;
        byte[] digest = mac.doFinal(ByteBuffer.allocate(8).putLong(step).array());
        int truncated = ByteBuffer.wrap(digest).getInt(digest[19] & 15) & 0x7fffffff;
        return String.format("%06d", truncated % 1000000);
    }
}
