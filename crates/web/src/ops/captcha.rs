//! Pictures that only people read.

use watchword_api::captcha::{CaptchaCode, CaptchaQuery};
use watchword_domain::{Audit, Ctx, captcha};
use watchword_kit::Result;

use crate::op::{Nothing, Op, Picture};

pub fn ops() -> Vec<Op> {
    vec![
        Op::write("GET", "/api/v3/captcha-code", picture, Audit::CaptchaIssue)
            .application()
            .picture()
            .says("Draw a picture of a text for this address and user agent"),
        Op::write("GET", "/api/v3/get-captcha-code", named, Audit::CaptchaIssue)
            .application()
            .says("Draw a picture of a text, named by a token"),
    ]
}

async fn picture(ctx: Ctx, _: CaptchaQuery) -> Result<Picture> {
    Ok(Picture(captcha::issue(&ctx).await?.svg))
}

async fn named(ctx: Ctx, _: Nothing) -> Result<CaptchaCode> {
    let drawn = captcha::issue(&ctx).await?;
    Ok(CaptchaCode { captcha_code_svg: drawn.svg, captcha_token: drawn.token.reveal().clone() })
}
