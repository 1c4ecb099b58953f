//! What clients rely on beyond the shapes themselves.

use serde_json::{Value, json};
use watchword_kit::Field;

use crate::access_key::AccessKey;
use crate::app::{Application, CreateApplicationReq};
use crate::common::{FactorType, Page, UserIdType};
use crate::grant::TokenSet;
use crate::idp::ExtIdpConnType;
use crate::login::SignInReq;
use crate::mfa_factor::TotpVerification;
use crate::mfa_otp::{ImportOtpReq, SetMfaStatusReq};
use crate::user::{CreateUserReq, UpdateUserReq, User, UserSort};

fn read<T: serde::de::DeserializeOwned>(v: Value) -> T {
    serde_json::from_value(v).unwrap()
}

fn tokens() -> TokenSet {
    TokenSet {
        access_token: Some("aa.bb.cc".into()),
        id_token: None,
        refresh_token: None,
        token_type: "Bearer".into(),
        expire_in: 7200,
        expires_in: 7200,
        scope: None,
        issued_token_type: None,
    }
}

#[test]
fn an_enum_is_spelt_alike_on_the_wire_in_the_store_and_when_read() {
    for v in ExtIdpConnType::ALL {
        assert_eq!(serde_json::to_value(v).unwrap(), json!(v.as_str()));
        assert_eq!(ExtIdpConnType::parse(v.as_str()), Some(*v));
    }
    assert_eq!(ExtIdpConnType::WechatMiniprogramAppLaunch.as_str(), "wechat:miniprogram:app-launch");
    assert_eq!(FactorType::parse("otp"), None);
    assert_eq!(UserIdType::default().as_str(), "user_id");
}

#[test]
fn an_update_tells_null_from_absent() {
    let req: UpdateUserReq = read(json!({"userId": "u", "nickname": null, "name": "Ada"}));
    let (patch, options) = req.split();
    assert_eq!(patch.nickname, Field::Null);
    assert_eq!(patch.name, Field::Value("Ada".into()));
    assert_eq!(patch.email, Field::Absent);
    assert!(options.is_none());

    let req: SetMfaStatusReq = read(json!({"userId": "u", "mfaTriggerData": {"mfaPhone": null}}));
    assert_eq!(req.mfa_trigger_data.mfa_phone, Field::Null);
    assert_eq!(req.mfa_trigger_data.mfa_email, Field::Absent);
}

#[test]
fn null_and_unknown_members_are_accepted_where_optional() {
    let req: CreateUserReq =
        read(json!({"username": "ada", "email": null, "whatever": 1, "options": {"keepPassword": null}}));
    assert_eq!(req.username.as_deref(), Some("ada"));
    assert!(req.email.is_none() && req.options.unwrap().keep_password.is_none());
}

#[test]
fn names_that_are_not_camel_case_keep_their_spelling() {
    let req: SignInReq =
        read(json!({"connection": "AD", "adPayload": {"password": "p", "sAMAccountName": "ada"}, "client_id": "app"}));
    assert_eq!(req.ad_payload.unwrap().sam_account_name, "ada");
    assert_eq!(req.client_id.as_deref(), Some("app"));
    let req: CreateApplicationReq = read(json!({"appName": "a", "brandingConfig": {"customCSS": "b{}"}}));
    assert_eq!(req.branding_config.unwrap().custom_css.as_deref(), Some("b{}"));
    let shown = serde_json::to_value(Application::default()).unwrap();
    assert_eq!(shown["brandingConfig"]["customCSSEnabled"], json!(false));
    let _: UserSort = read(json!({"field": "createdAt", "direction": "desc"}));
}

#[test]
fn debug_shows_no_secret() {
    let req: ImportOtpReq =
        read(json!({"list": [{"userId": "u", "otp": {"secret": "JBSWY3DPEHPK3PXP", "recoveryCode": "b471"}}]}));
    let key = AccessKey {
        access_key_id: "ak".into(),
        access_key_secret: "hunter2".into(),
        user_id: None,
        created_at: String::new(),
        status: "activated".into(),
        last_date: None,
        user_pool_id: String::new(),
        enable: true,
        kind: "userpool".into(),
        permissions: vec![],
    };
    let verified = TotpVerification { verified: true, tokens: Some(tokens()) };
    let said = format!("{req:?} {key:?} {verified:?}");
    assert!(["JBSWY3", "b471", "hunter2", "aa.bb"].iter().all(|s| !said.contains(s)), "{said}");
}

#[test]
fn tokens_lie_beside_verified_and_only_if_there_are_any() {
    let shown = |tokens| serde_json::to_value(TotpVerification { verified: true, tokens }).unwrap();
    assert_eq!(shown(None), json!({"verified": true}));
    assert_eq!(
        shown(Some(tokens())),
        json!({"verified": true, "access_token": "aa.bb.cc", "token_type": "Bearer", "expire_in": 7200, "expires_in": 7200})
    );
}

#[test]
fn a_user_shows_what_was_asked_for_and_nulls_elsewhere() {
    let plain = serde_json::to_value(User::default()).unwrap();
    assert_eq!(plain["email"], Value::Null);
    assert!(plain.get("email").is_some() && plain.get("customData").is_none() && plain.get("flatCustomData").is_none());
    let mut user = User::default();
    user.flat_custom_data.insert("level".into(), json!(3));
    assert_eq!(serde_json::to_value(user).unwrap()["level"], json!(3));
}

#[test]
fn schemas_carry_bounds_and_demand_only_what_the_contract_demands() {
    let schema = serde_json::to_value(schemars::schema_for!(ImportOtpReq)).unwrap();
    assert_eq!(schema["properties"]["list"]["minItems"], json!(1));
    assert_eq!(schema["properties"]["list"]["maxItems"], json!(10000));
    let schema = serde_json::to_value(schemars::schema_for!(UpdateUserReq)).unwrap();
    assert_eq!(schema["required"], json!(["userId"]));
    let schema = serde_json::to_value(schemars::schema_for!(crate::common::Pagination)).unwrap();
    assert_eq!(schema["properties"]["limit"]["maximum"], json!(50));
    assert_eq!(schemars::schema_for!(Page<User>).get("title"), Some(&json!("UserPage")));
}
