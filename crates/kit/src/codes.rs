//! Every outcome the API can name: `statusCode`, `apiCode` and the message in both languages.
//!
//! The numbers are GenAuth's where GenAuth publishes one. Nothing else in the code knows a number.

use crate::Lang;

/// One row of the table below.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The name by which code and tests speak of it.
    pub name: &'static str,
    /// The body's `statusCode`. In an envelope the HTTP status is 200, or 429; elsewhere as `docs/errors.md` says.
    pub status: u16,
    /// The body's `apiCode`; 0 means that none is sent.
    pub api: u32,
    pub en: &'static str,
    pub zh: &'static str,
}

impl Code {
    pub fn message(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

macro_rules! codes {
    ($($ident:ident = $status:literal, $api:literal, $en:literal, $zh:literal;)*) => {
        $(pub const $ident: &Code = &Code { name: stringify!($ident), status: $status, api: $api, en: $en, zh: $zh };)*

        /// The whole table, for documents and tests.
        pub const ALL: &[&Code] = &[$($ident),*];
    };
}

codes! {
    // Request signatures, wire.md 1.2.
    SIGNATURE_INVALID = 401, 1300, "the request signature is wrong", "AK/SK 签名不合法";
    SIGNATURE_METHOD = 401, 1301, "this signature method is not supported; use HMAC-SHA1", "AK/SK 签名方式和服务端不匹配";
    SIGNATURE_VERSION = 401, 1302, "this signature version is not supported; use 1.0", "AK/SK 签名版本和服务端不匹配";
    SIGNATURE_DATE_FORMAT = 401, 1303, "the date header must be an HTTP date or Unix milliseconds", "AK/SK 签名时间戳格式不正确，应该是单位为毫秒的 Unix 时间戳";
    SIGNATURE_DATE_MISSING = 401, 1304, "a signed request needs a date header", "使用 AK/SK 签名机制时，请求头中没有 date 请求头";
    SIGNATURE_SKEW = 401, 1305, "the date header is more than 300 seconds off this server's clock", "AK/SK 签名时间戳和服务器时间戳相差较大，此次请求不被允许";
    SIGNATURE_REPLAYED = 401, 1306, "this signed request was already used", "AK/SK 签名已经被消费过，此次请求不被允许";

    // Steps still to take; official clients read a 3xx statusCode as "more is needed".
    MFA_PERSONAL = 300, 1635, "a second factor is needed: this user has bound one", "个人（个人中心绑定）MFA";
    MFA_APPLICATION = 300, 1636, "a second factor is needed: the application asks for one", "企业（应用下配置的） MFA";
    SELF_UNLOCK = 300, 1643, "this account is locked; unlock it with a code (self-unlock-account)", "用户自主解锁";
    PASSWORD_TOO_OLD = 300, 2058, "the password is too old and must be changed first", "强制重置密码（需要验证旧密码）";
    RESET_PASSWORD_FIRST = 300, 1639, "the password must be changed at first sign-in", "首次登录重置密码（不需要验证旧密码）";

    // Faces.
    FACE_UNAVAILABLE = 501, 0, "no face provider is configured, so the factor FACE is not available", "尚未配置人脸识别服务，FACE 要素不可用";

    // Users and sign-in.
    USER_NOT_FOUND = 404, 2004, "no such user", "用户未找到";
    CAPTCHA_NEEDED = 403, 2000, "the text of a picture is needed (captchaCode)", "请输入图形验证码";
    CAPTCHA_WRONG = 403, 2001, "the text is not that of the picture; get a new one", "图形验证码错误，请重新获取";
    REGISTER_DISABLED = 403, 2031, "registration is not open", "应用已禁止注册用户";
    APP_ACCESS_DENIED = 403, 0, "you may not use this application", "您没有访问该应用的权限";
    METHOD_DISABLED = 403, 0, "this application does not let users sign in this way", "应用未开启该登录方式";
    EMAIL_UNCONFIRMED = 403, 0, "confirm your e-mail address first; a link is on its way", "请先验证邮箱，验证邮件已发送";
    USER_LOCKED = 403, 2005, "this account is locked", "用户已锁定";
    PASSWORD_WRONG = 403, 2006, "wrong password", "密码错误";
    APP_NOT_FOUND = 404, 2011, "no such application", "应用不存在";
    NOT_SIGNED_IN = 401, 2020, "sign in first: this request needs a valid token", "尚未登录，无权限访问此请求";
    MFA_TOKEN_INVALID = 401, 2021, "the MFA token is invalid or expired; sign in again", "mfaToken 无效或已过期，请重新登录";
    USER_EXISTS = 409, 2026, "such a user exists already", "用户已存在";
    APP_IDENTIFIER_TAKEN = 409, 2039, "this application identifier is taken", "应用域名已被占用";
    POOL_NOT_FOUND = 404, 2224, "no such user pool", "用户池不存在";
    CREDENTIALS_WRONG = 403, 2333, "wrong account or password", "用户名或密码错误";
    USER_DISABLED = 403, 2120008, "this account is suspended", "用户已停用或不是此租户成员";
    PASS_CODE_WRONG = 403, 2001, "the code is wrong or expired", "验证码错误或已过期";
    ACTION_TOKEN_INVALID = 403, 0, "the token of the first step is invalid or expired; start again", "操作凭证无效或已过期，请重新验证";
    CODE_TOO_SOON = 422, 2080, "one code per minute: wait before asking for another", "一分钟内只能发送一次验证码";

    // One-time passwords.
    TOTP_WRONG = 403, 6001, "wrong one-time password", "Totp 码错误";
    RECOVERY_CODE_WRONG = 403, 6002, "wrong recovery code", "Totp 恢复码错误";
    TOTP_MISSING = 400, 6003, "the one-time password is missing", "未输入 Totp 安全码";
    RECOVERY_CODE_MISSING = 400, 6004, "the recovery code is missing", "未输入 Totp 恢复码";
    ENROLLMENT_TOKEN_INVALID = 403, 0, "the enrolment token is invalid or expired; start again", "enrollmentToken 无效或已过期，请重新发起绑定";
    FACTOR_BOUND = 409, 0, "this factor is bound already; reset it first", "该 MFA 要素已绑定，请先解绑";
    FACTOR_NOT_BOUND = 422, 0, "this user has no such factor bound", "用户未绑定该 MFA 要素";
    FACTOR_DEMANDED = 403, 0, "the application demands a second factor, and this is the last one", "应用要求 MFA，无法解绑最后一个要素";
    STEP_UP_NEEDED = 403, 0, "prove a second factor first (mfa-totp-verify), within the last 5 minutes", "请先完成 MFA 校验（5 分钟内有效）";
    INTERACTION_OVER = 403, 0, "this sign-in is over; go back to the application and start again", "本次登录已失效，请返回应用重新开始";
    FACTOR_LOCKED = 403, 2005, "this factor is locked after too many failures; use a recovery code or ask an administrator", "失败次数过多，该要素已锁定，请使用恢复码或联系管理员";

    // Plain outcomes.
    OK = 200, 0, "success", "成功";
    INVALID = 400, 0, "bad request", "参数错误";
    UNAUTHENTICATED = 401, 0, "not authenticated", "身份认证失败";
    FORBIDDEN = 403, 0, "not allowed", "无权限";
    NOT_FOUND = 404, 0, "not found", "资源不存在";
    METHOD_NOT_ALLOWED = 405, 0, "this path does not take that method", "请求方法不支持";
    CONFLICT = 409, 0, "conflict", "资源冲突";
    TOO_LARGE = 413, 0, "too large", "请求体过大";
    UNPROCESSABLE = 422, 0, "this cannot be done now", "无法执行此操作";
    TOO_MANY = 429, 0, "too many requests; try again later", "请求过于频繁，请稍后再试";
    INTERNAL = 500, 0, "internal error", "服务器内部错误";
    NOT_IMPLEMENTED = 501, 0, "not supported", "暂不支持";
    UNAVAILABLE = 503, 0, "temporarily unavailable", "服务暂不可用";
    PROVIDER_FAILED = 601, 0, "the message provider could not be reached", "请求第三方服务失败";
    PROVIDER_REFUSED = 602, 0, "the message provider refused", "第三方服务返回错误";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_both_messages_and_a_name_of_its_own() {
        let names: std::collections::HashSet<_> = ALL.iter().map(|c| c.name).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(ALL.iter().all(|c| !c.en.is_empty() && !c.zh.is_ascii()));
    }
}
