//! What anyone may read.

use watchword_api::public_info::{Country, SystemInfo};
use watchword_domain::{Ctx, public_info};
use watchword_kit::Result;

use crate::op::{Nothing, Op};

pub fn ops() -> Vec<Op> {
    vec![
        Op::read("GET", "/api/v3/system", system).public().bare().says("Keys for encrypting passwords, and versions"),
        Op::read("GET", "/api/v3/get-country-list", countries)
            .public()
            .says("Countries and territories with their phone codes"),
    ]
}

async fn system(ctx: Ctx, _: Nothing) -> Result<SystemInfo> {
    Ok(public_info::system(&ctx))
}

async fn countries(_: Ctx, _: Nothing) -> Result<&'static [Country]> {
    public_info::countries()
}
