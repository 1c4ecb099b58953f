//! Made-up people: whatever number one has, he is always the same.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use watchword_kit::Millis;

use crate::{Result, said};

/// 2026-01-01: nobody was created later.
pub const NOW: i64 = 1_767_225_600_000;
/// Between the creation of one and the next, in milliseconds.
const APART: i64 = 60_000;
const YEAR: u64 = 31_536_000_000;

pub const SURNAMES: &str = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕";
pub const GIVEN: &str =
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文辉力海波宁晨曦子涵浩宇轩梓欣怡雨泽博思远嘉懿";
const FIRST: [&str; 12] =
    ["ada", "grace", "alan", "edsger", "barbara", "donald", "linus", "ken", "dennis", "margaret", "john", "anita"];
pub const LAST: [&str; 10] =
    ["lovelace", "hopper", "turing", "dijkstra", "liskov", "knuth", "torvalds", "thompson", "ritchie", "hamilton"];
const DOMAINS: [&str; 5] = ["example.com", "example.org", "mail.example.net", "corp.example.cn", "old-company.com"];

/// Numbers that look random and are the same every time.
pub fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

pub fn pick(list: &str, n: u64) -> char {
    let count = list.chars().count() as u64;
    list.chars().nth((n % count) as usize).unwrap_or_default()
}

fn one<'a>(list: &[&'a str], n: u64) -> &'a str {
    list[(n % list.len() as u64) as usize]
}

pub struct Person {
    pub external_id: String,
    pub username: String,
    pub email: String,
    pub phone: String,
    pub name: String,
    pub company: Option<String>,
    pub suspended: bool,
    pub created: i64,
    pub last_login: Option<i64>,
    pub logins: u64,
    /// Custom data of every tenth: a badge, which seven share, and one of twenty towns.
    pub custom: Option<(String, String)>,
}

/// One of `count`. The first quarter, who are the oldest, have addresses of a domain that nobody else has.
pub fn person(n: u64, count: u64) -> Person {
    let r = mix(n);
    let mut name = format!("{}{}", pick(SURNAMES, r >> 8), pick(GIVEN, r >> 16));
    match r % 8 {
        0 | 4 => name = format!("{} {}", one(&FIRST, r >> 8), one(&LAST, r >> 16)),
        1..4 => name.push(pick(GIVEN, r >> 24)),
        _ => {}
    }
    let username = format!("{}.{}{n}", one(&FIRST, r >> 32), one(&LAST, r >> 40));
    let domain = if n < count / 4 { DOMAINS[4] } else { one(&DOMAINS[..4], r >> 48) };
    Person {
        external_id: format!("E{n:07}"),
        email: format!("{username}@{domain}"),
        username,
        phone: format!("13{:09}", n * 618_033_989 % 1_000_000_000),
        name,
        company: r.is_multiple_of(5).then(|| format!("Company {}", r % 1000)),
        suspended: r.is_multiple_of(100),
        created: NOW - count.saturating_sub(n) as i64 * APART,
        last_login: (!r.is_multiple_of(3)).then(|| NOW - (mix(r + 1) % YEAR) as i64),
        logins: (mix(r) % 1000).pow(2) / 10_000,
        custom: n.is_multiple_of(10).then(|| (format!("B{}", n / 70), format!("Town {}", mix(n) % 20))),
    }
}

/// The people as `watchword user import` reads them, with this password hash.
pub fn write_csv(path: &Path, count: u64, hash: &str) -> Result {
    let mut out = BufWriter::new(File::create(path).map_err(said)?);
    let head = "externalId,username,email,phone,name,company,status,createdAt,lastLogin,loginsCount,\
        customData.badge,customData.town,passwordHash";
    writeln!(out, "{head}").map_err(said)?;
    for n in 0..count {
        let p = person(n, count);
        let state = if p.suspended { "Suspended" } else { "Activated" };
        let (company, created) = (p.company.unwrap_or_default(), Millis(p.created).iso());
        let last_login = p.last_login.map(|at| Millis(at).iso()).unwrap_or_default();
        let (badge, town) = p.custom.unwrap_or_default();
        let Person { external_id, username, email, phone, name, logins, .. } = p;
        // The hash has commas.
        let row = format!(
            "{external_id},{username},{email},{phone},{name},{company},{state},{created},{last_login},{logins},\
             {badge},{town},\"{hash}\""
        );
        writeln!(out, "{row}").map_err(said)?;
    }
    out.flush().map_err(said)
}
