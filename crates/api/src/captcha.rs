//! Pictures with a text that people can read.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Query of captcha-code.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct CaptchaQuery {
    /// Anything, so that a browser does not show an older picture.
    pub r: Option<String>,
}

/// Answer of get-captcha-code.
#[derive(Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CaptchaCode {
    /// The picture, SVG.
    pub captcha_code_svg: String,

    /// What names the picture at sign-in.
    pub captcha_token: String,
}

quiet_debug!(CaptchaCode);
