//! SMS drivers, against an HTTP server that behaves as told.

use serde_json::json;

use super::*;
use crate::testing::{Answer, HttpTrap, Recorded};

const NOW: Millis = Millis(1_795_148_267_199);
const NONCE: &str = "00112233445566778899aabbccddeeff";

fn read(v: serde_json::Value) -> SmsConfig {
    serde_json::from_value(v).unwrap()
}

fn twilio(trap: &HttpTrap) -> SmsConfig {
    read(json!({
        "driver": "twilio", "accountSid": "AC0123456789abcdef0123456789abcdef", "authToken": "twilio-token",
        "from": "+15005550006", "endpoint": trap.url()
    }))
}

fn alibaba(trap: &HttpTrap) -> SmsConfig {
    read(json!({
        "driver": "alibaba", "accessKeyId": "testId", "accessKeySecret": "testSecret", "signName": "阿里云短信",
        "templateCode": "SMS_154950909", "endpoint": trap.url()
    }))
}

fn http(trap: &HttpTrap) -> SmsConfig {
    read(json!({
        "driver": "http", "url": format!("{}/sms", trap.url()), "secret": "receiver-secret-0123456789",
        "headers": { "x-api-key": "gateway-key" }
    }))
}

fn sms() -> Sms {
    Sms {
        to: String::from("+8613800138000"),
        text: String::from("您的验证码 012345"),
        code: Some(String::from("012345")),
        purpose: String::from("login"),
        template_params: BTreeMap::new(),
        message_id: String::from("m-1"),
    }
}

async fn go(config: &SmsConfig, sms: &Sms) -> Outcome {
    send(config, sms, NOW, NONCE, &Fetch::new(true)).await
}

async fn sent(trap: &HttpTrap, config: &SmsConfig, sms: &Sms) -> Recorded {
    let outcome = go(config, sms).await;
    let mut all = trap.requests();
    assert_eq!(all.len(), 1, "{outcome:?}");
    all.remove(0)
}

#[tokio::test]
async fn twilio_gets_a_form_with_basic_authorization() {
    let trap = HttpTrap::start().await;
    trap.answer(Answer::new(201, r#"{"sid":"SM77","status":"queued"}"#));
    let outcome = go(&twilio(&trap), &sms()).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: Some(String::from("SM77")) });
    let got = &trap.requests()[0];
    assert_eq!(got.method, "POST");
    assert_eq!(got.target, "/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json");
    // printf '%s' 'AC0123456789abcdef0123456789abcdef:twilio-token' | base64
    let basic = "Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp0d2lsaW8tdG9rZW4=";
    assert_eq!(got.header("authorization"), Some(basic));
    assert_eq!(got.header("content-type"), Some("application/x-www-form-urlencoded"));
    let body = "To=%2B8613800138000&From=%2B15005550006&Body=%E6%82%A8%E7%9A%84%E9%AA%8C%E8%AF%81%E7%A0%81%20012345";
    assert_eq!(got.text(), body);
}

#[tokio::test]
async fn twilio_takes_a_messaging_service_in_place_of_a_number() {
    let trap = HttpTrap::start().await;
    let config = read(json!({
        "driver": "twilio", "accountSid": "AC0123456789abcdef0123456789abcdef", "authToken": "t",
        "messagingServiceSid": "MG0123456789abcdef0123456789abcdef", "endpoint": format!("{}/", trap.url())
    }));
    let mut message = sms();
    message.text = String::from("a&From=+1=%");
    let got = sent(&trap, &config, &message).await;
    assert_eq!(
        got.text(),
        "To=%2B8613800138000&MessagingServiceSid=MG0123456789abcdef0123456789abcdef&Body=a%26From%3D%2B1%3D%25"
    );
}

#[tokio::test]
async fn alibaba_gets_the_signature_another_implementation_computes() {
    let trap = HttpTrap::start().await;
    let got = sent(&trap, &alibaba(&trap), &sms()).await;
    let query = "PhoneNumbers=13800138000&SignName=%E9%98%BF%E9%87%8C%E4%BA%91%E7%9F%AD%E4%BF%A1\
                 &TemplateCode=SMS_154950909&TemplateParam=%7B%22code%22%3A%22012345%22%7D";
    assert_eq!((got.method.as_str(), got.target.as_str(), got.body.len()), ("POST", format!("/?{query}").as_str(), 0));
    assert_eq!(got.header("x-acs-action"), Some("SendSms"));
    assert_eq!(got.header("x-acs-version"), Some("2017-05-25"));
    assert_eq!(got.header("x-acs-date"), Some("2026-11-20T04:17:47Z"));
    assert_eq!(got.header("x-acs-signature-nonce"), Some(NONCE));
    // The signed host is the one that was sent.
    let host = got.header("host").unwrap().to_owned();
    assert_eq!(host, trap.addr().to_string());
    // What the provider does: rebuild the canonical request from what arrived.
    let names = "host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let lines: String = names.split(';').map(|n| format!("{n}:{}\n", got.header(n).unwrap())).collect();
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(got.header("x-acs-content-sha256"), Some(empty));
    let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{empty}");
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, canonical.as_bytes());
    let to_sign = format!("ACS3-HMAC-SHA256\n{}", data_encoding::HEXLOWER.encode(hash.as_ref()));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"testSecret");
    let signature = data_encoding::HEXLOWER.encode(aws_lc_rs::hmac::sign(&key, to_sign.as_bytes()).as_ref());
    let authorization = format!("ACS3-HMAC-SHA256 Credential=testId,SignedHeaders={names},Signature={signature}");
    assert_eq!(got.header("authorization"), Some(authorization.as_str()));
}

#[test]
fn alibaba_at_its_own_endpoint_is_signed_as_the_python_fixture_says() {
    let config: Alibaba = serde_json::from_value(json!({
        "accessKeyId": "testId", "accessKeySecret": "testSecret", "signName": "阿里云短信",
        "templateCode": "SMS_154950909"
    }))
    .unwrap();
    let request = config.request(&sms(), NOW, NONCE);
    assert!(request.url.starts_with("https://dysmsapi.aliyuncs.com/?PhoneNumbers=13800138000&"), "{}", request.url);
    // Computed with Python's hmac and hashlib; the same script reproduces the signature of the provider's published
    // RunInstances example, 06563a9e1b43f5df...
    let signature = "d4ec65a50a7adffca18f1311762455ed17a6ba03c23aa175a750168a68875658";
    let authorization = &request.headers.iter().find(|(n, _)| n == "authorization").unwrap().1;
    assert!(authorization.ends_with(&format!(",Signature={signature}")), "{authorization}");
}

#[tokio::test]
async fn alibaba_wants_foreign_numbers_with_their_country_code_and_mainland_ones_without() {
    for (to, expected) in [
        ("+8613800138000", "13800138000"),
        ("+85261234567", "85261234567"),
        ("+14155550100", "14155550100"),
        ("+862112345678", "862112345678"),
        ("+861012345678", "861012345678"),
    ] {
        let trap = HttpTrap::start().await;
        let got = sent(&trap, &alibaba(&trap), &Sms { to: to.to_owned(), ..sms() }).await;
        assert!(got.target.starts_with(&format!("/?PhoneNumbers={expected}&")), "{to}: {}", got.target);
    }
}

#[tokio::test]
async fn alibaba_fills_the_template_with_the_given_variables() {
    let trap = HttpTrap::start().await;
    let template_params = BTreeMap::from([("code".into(), "012345".into()), ("product".into(), "a\"b".into())]);
    let got = sent(&trap, &alibaba(&trap), &Sms { template_params, ..sms() }).await;
    let expected = "TemplateParam=%7B%22code%22%3A%22012345%22%2C%22product%22%3A%22a%5C%22b%22%7D";
    assert!(got.target.ends_with(expected), "{}", got.target);
}

#[tokio::test]
async fn alibaba_speaks_through_its_code_and_not_through_the_status() {
    let trap = HttpTrap::start().await;
    trap.push(Answer::new(200, r#"{"Code":"OK","Message":"OK","BizId":"900619^0","RequestId":"R"}"#));
    let outcome = go(&alibaba(&trap), &sms()).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: Some(String::from("900619^0")) });
    for (status, code, permanent) in [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", true),
        (200, "isv.BUSINESS_LIMIT_CONTROL", false),
        (400, "Throttling.User", false),
        (400, "SignatureDoesNotMatch", true),
        (404, "InvalidAccessKeyId.NotFound", true),
        (503, "ServiceUnavailable", false),
        (500, "Whatever", false),
    ] {
        trap.push(Answer::new(status, json!({ "Code": code, "Message": "m" }).to_string()));
        let outcome = go(&alibaba(&trap), &sms()).await;
        let Outcome::Refused { inside, permanent: p } = &outcome else { panic!("{code}: {outcome:?}") };
        assert!(*p == permanent && inside.contains(code), "{code}: {outcome:?}");
    }
    trap.push(Answer::new(200, "<html>"));
    assert!(matches!(go(&alibaba(&trap), &sms()).await, Outcome::Refused { permanent: false, .. }));
}

#[tokio::test]
async fn a_receiver_can_verify_the_signature_over_the_raw_body() {
    let trap = HttpTrap::start().await;
    trap.answer(Answer::new(202, r#"{"id":"r-9"}"#));
    let outcome = go(&http(&trap), &sms()).await;
    assert_eq!(outcome, Outcome::Sent { provider_id: Some(String::from("r-9")) });
    let got = &trap.requests()[0];
    assert_eq!((got.method.as_str(), got.target.as_str()), ("POST", "/sms"));
    let body =
        r#"{"to":"+8613800138000","text":"您的验证码 012345","code":"012345","purpose":"login","messageId":"m-1"}"#;
    assert_eq!(got.text(), body);
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(got.header("x-api-key"), Some("gateway-key"));
    assert_eq!(got.header("x-watchword-timestamp"), Some("1795148267"));
    // Computed with Python's hmac over "1795148267." and the body above.
    let signature = "v1=cc300e5d424c1384742137d5352ec55bff5b13355574128b018d841efd1053d1";
    assert_eq!(got.header("x-watchword-signature"), Some(signature));
}

#[tokio::test]
async fn statuses_decide_whether_another_attempt_makes_sense() {
    let trap = HttpTrap::start().await;
    for (status, permanent) in
        [(400, true), (401, true), (302, true), (404, true), (408, false), (429, false), (500, false), (503, false)]
    {
        for config in [twilio(&trap), http(&trap)] {
            trap.push(Answer::new(status, r#"{"code":21211,"message":"invalid To"}"#));
            let outcome = go(&config, &sms()).await;
            assert!(
                matches!(outcome, Outcome::Refused { permanent: p, .. } if p == permanent),
                "{status}: {outcome:?}"
            );
            assert!(format!("{outcome:?}").contains("invalid To"), "{outcome:?}");
        }
    }
    trap.answer(Answer::Close);
    for config in [twilio(&trap), alibaba(&trap), http(&trap)] {
        assert!(matches!(go(&config, &sms()).await, Outcome::Unreachable { .. }));
    }
}

#[tokio::test]
async fn a_provider_that_echoes_the_message_does_not_put_the_code_into_the_log() {
    let trap = HttpTrap::start().await;
    trap.answer(Answer::new(400, "bad request: {\"code\":\"012345\"} 您的验证码 012345"));
    let shown = format!("{:?} {:?}", go(&http(&trap), &sms()).await, sms());
    assert!(shown.contains("bad request") && !shown.contains("012345"), "{shown}");
}

#[tokio::test]
async fn only_e164_numbers_are_tried() {
    let trap = HttpTrap::start().await;
    for to in [
        "",
        "13800138000",
        "+0123456789",
        "+123456",
        "+1234567890123456",
        "+86 13800138000",
        "+861380013800x",
        "+８６１３８００１３",
    ] {
        let outcome = go(&http(&trap), &Sms { to: to.to_owned(), ..sms() }).await;
        assert!(matches!(outcome, Outcome::Refused { permanent: true, .. }), "{to}: {outcome:?}");
    }
    assert_eq!(trap.requests(), vec![]);
}

#[tokio::test]
async fn a_private_receiver_is_refused_unless_the_operator_allows_it() {
    let trap = HttpTrap::start().await;
    for config in [http(&trap), twilio(&trap), alibaba(&trap)] {
        let outcome = send(&config, &sms(), NOW, NONCE, &Fetch::new(false)).await;
        assert!(matches!(outcome, Outcome::Refused { permanent: true, .. }), "{outcome:?}");
        assert_eq!((config.validate(true), config.validate(false).len()), (vec![], 1));
    }
    assert_eq!(trap.requests(), vec![]);
}

#[test]
fn a_configuration_reports_all_its_faults_at_once() {
    let fields = |v| read(v).validate(false).into_iter().map(|(f, _)| f).collect::<Vec<_>>();
    assert_eq!(
        fields(json!({ "driver": "twilio", "accountSid": "AC/../x", "authToken": "", "endpoint": "http://x.example" })),
        ["accountSid", "authToken", "from", "endpoint"]
    );
    assert_eq!(
        fields(json!({ "driver": "alibaba", "accessKeyId": "a b", "accessKeySecret": "", "signName": " ",
            "templateCode": "", "endpoint": "https://dysmsapi.aliyuncs.com/x" })),
        ["accessKeyId", "accessKeySecret", "signName", "templateCode", "endpoint"]
    );
    assert_eq!(
        fields(json!({ "driver": "http", "url": "https://127.0.0.1/", "secret": "short",
            "headers": { "Host": "x", "X-Watchword-Signature": "v1=", "bad name": "x", "x-ok": "a\nb", "x-fine": "x" } })),
        ["url", "secret", "headers.Host", "headers.X-Watchword-Signature", "headers.bad name", "headers.x-ok"]
    );
}

#[test]
fn unknown_drivers_and_members_are_refused_and_secrets_stay_hidden() {
    let parse = |v| serde_json::from_value::<SmsConfig>(v);
    assert!(parse(json!({ "driver": "pigeon", "url": "https://x.example" })).is_err());
    let http = json!({ "driver": "http", "url": "https://x.example", "secret": "0123456789abcdef-hidden" });
    let shown = format!("{:?}", parse(http.clone()).unwrap());
    assert!(!shown.contains("hidden"), "{shown}");
    let mut more = http;
    more["retries"] = json!(3);
    assert!(parse(more).is_err());
}
