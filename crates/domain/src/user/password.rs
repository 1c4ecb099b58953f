//! Passwords that an administrator sets: chosen, encrypted in transport, imported as a hash, or made here; and those
//! that a user chooses.

use watchword_api::common::PasswordEncryptType;
use watchword_crypto::password;
use watchword_kit::{Entropy, Error, Result, Secret, codes, text};
use watchword_store::Tx;
use watchword_store::user::{TABLE, User};

use super::update;
use crate::ctx::Ctx;
use crate::group::follow;
use crate::login::gate;
use crate::outbox::{Event, notify_user};
use crate::passwords::Verdict;
use crate::security_settings::password::PasswordRules;

/// Characters of a password made here, at least; of 57 kinds, so 116 bits.
const MADE: usize = 20;
/// No letter or digit that is easily taken for another.
const ALPHABET: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const MAX_SALT: usize = 128;

/// What a request says about a password.
#[derive(Default)]
pub struct Wish {
    pub password: Option<Secret<String>>,
    /// Of an MD5 hash from elsewhere.
    pub salt: Option<Secret<String>>,
    pub hash: Option<Secret<String>>,
    /// `password` is a hash.
    pub keep: bool,
    pub make: bool,
    pub encrypted: PasswordEncryptType,
}

/// A wish that makes sense, its cheap parts judged.
pub enum Plan {
    /// No password at all.
    Nothing,
    /// To be hashed; `made` here rather than chosen.
    Plain { password: Secret<String>, made: bool },
    /// To be decrypted, then taken as plain or as a hash.
    Sealed { password: Secret<String>, by: PasswordEncryptType, salt: Option<Secret<String>>, hash: bool },
    /// To be stored as it is.
    Hash(String),
}

/// A password ready to be stored.
pub struct Prepared {
    pub hash: String,
    /// 1 to 3; unknown for a hash from elsewhere.
    pub level: Option<i64>,
    /// The password itself, where it was made here and must be told to its owner.
    pub made: Option<Secret<String>>,
}

/// A password that a user has chosen and that keeps the rules, hashed.
pub(crate) struct Chosen {
    hash: String,
    level: i64,
}

/// Judges and hashes. Call it without a transaction.
///
/// # Errors
/// 400 at `field` for one against the rules, 429 when too many passwords are waiting.
pub(crate) async fn choose(ctx: &Ctx, field: &str, plain: Secret<String>, rules: &PasswordRules) -> Result<Chosen> {
    rules.check(plain.reveal()).map_err(|e| Error::invalid(field, e))?;
    let level = i64::from(password::strength(plain.reveal()));
    Ok(Chosen { hash: ctx.passwords.hash(plain, ctx.entropy).await?, level })
}

/// # Errors
/// 400 at `password` for the one that the user has.
pub(crate) async fn another(ctx: &Ctx, user: &User, plain: &Secret<String>) -> Result<()> {
    match ctx.passwords.verify(plain.clone(), user.password_hash.clone()).await? {
        Verdict::Wrong => Ok(()),
        _ => Err(Error::invalid("password", text!("choose another one than before", "新密码不能与原密码相同"))),
    }
}

impl Chosen {
    /// Becomes the password of a user who is held. Locks of the account open, every session but the `spared` one ends,
    /// whatever else the old password has opened is void, and the user is told.
    pub async fn save(self, tx: &mut Tx, ctx: &Ctx, user: &mut User, spared: Option<&str>) -> Result<()> {
        user.password_hash = Some(self.hash);
        user.password_level = Some(self.level);
        user.password_set_at = Some(ctx.now());
        user.reset_password_on_next_login = false;
        user.updated_at = ctx.now();
        TABLE.update(tx, user).await?;
        gate::unlock(tx, ctx, &user.id).await?;
        follow::changed(tx, ctx, std::slice::from_ref(&user.id)).await?;
        update::sign_out_except(tx, ctx, &user.id, spared).await?;
        notify_user(tx, ctx, user, Event::PasswordChanged).await
    }
}

/// Judges a wish without any costly work.
///
/// `password` with `salt` is the 32 hex digits of MD5 over password and salt, in this order; `password` with
/// `keepPassword` is a hash in a format that [`password::is_supported`] lists, as is `passwordHash`.
///
/// # Errors
/// 400 at the member that does not fit.
pub fn plan(wish: Wish, rules: &PasswordRules, entropy: &Entropy) -> Result<Plan> {
    let Wish { password, salt, hash, keep, make, encrypted } = wish;
    if let Some(salt) = &salt
        && (password.is_none() || salt.reveal().len() > MAX_SALT)
    {
        let detail = text!(
            "goes with a password, the MD5 of password and salt in hex, and has at most {MAX_SALT} bytes",
            "需与 password（密码与盐拼接后的 MD5 十六进制值）一起提供，且不超过 {MAX_SALT} 字节"
        );
        return Err(Error::invalid("salt", detail));
    }
    if let Some(hash) = hash {
        if password.is_some() || make {
            return Err(Error::invalid("passwordHash", text!("takes the place of a password", "不能与密码同时提供")));
        }
        return imported("passwordHash", hash.reveal().clone());
    }
    if make {
        if password.is_some() || keep {
            let detail = text!("a password is given already", "已提供密码，无需自动生成");
            return Err(Error::invalid("options.autoGeneratePassword", detail));
        }
        return Ok(Plan::Plain { password: generate(rules, entropy)?, made: true });
    }
    let Some(password) = password else {
        if keep {
            return Err(Error::invalid(
                "password",
                text!("keepPassword needs a password hash", "keepPassword 需要密码哈希"),
            ));
        }
        return Ok(Plan::Nothing);
    };
    match encrypted {
        PasswordEncryptType::None if salt.is_some() || keep => stored_form(password.reveal(), salt),
        PasswordEncryptType::None => {
            rules.check(password.reveal()).map_err(|e| Error::invalid("password", e))?;
            Ok(Plan::Plain { password, made: false })
        }
        by => Ok(Plan::Sealed { password, by, hash: keep || salt.is_some(), salt }),
    }
}

/// Does the costly work of a plan. Call it without a transaction.
///
/// # Errors
/// 400 at `password` when it cannot be decrypted or is against the policy, 429 when too many passwords are waiting.
pub async fn prepare(ctx: &Ctx, plan: Plan, rules: &PasswordRules) -> Result<Option<Prepared>> {
    let (plain, made) = match plan {
        Plan::Nothing => return Ok(None),
        Plan::Hash(hash) => return Ok(Some(Prepared { hash, level: None, made: None })),
        Plan::Plain { password, made } => (password, made),
        Plan::Sealed { password, by, salt, hash } => {
            let opened = open(ctx, password, by).await?;
            if hash {
                let Plan::Hash(hash) = stored_form(opened.reveal(), salt)? else {
                    return Err(Error::internal("a stored form was expected"));
                };
                return Ok(Some(Prepared { hash, level: None, made: None }));
            }
            rules.check(opened.reveal()).map_err(|e| Error::invalid("password", e))?;
            (opened, false)
        }
    };
    let level = i64::from(password::strength(plain.reveal()));
    let hash = ctx.passwords.hash(plain.clone(), ctx.entropy).await?;
    Ok(Some(Prepared { hash, level: Some(level), made: made.then_some(plain) }))
}

/// Who may set passwords learns that decryption failed: an administrator's key is no oracle for anybody's password.
async fn open(ctx: &Ctx, sealed: Secret<String>, by: PasswordEncryptType) -> Result<Secret<String>> {
    let services = ctx.services().clone();
    let opened = ctx.passwords.run(move || match by {
        PasswordEncryptType::Rsa => services.keys.rsa_transport.decrypt(sealed.reveal()),
        PasswordEncryptType::Sm2 => services.keys.sm2_transport.decrypt(sealed.reveal()),
        PasswordEncryptType::None => Some(sealed),
    });
    opened.await?.ok_or_else(|| {
        let detail = text!(
            "cannot be decrypted; encrypt it with the public key of GET /api/v3/system",
            "无法解密；请使用 GET /api/v3/system 返回的公钥加密"
        );
        Error::invalid("password", detail)
    })
}

fn stored_form(password: &str, salt: Option<Secret<String>>) -> Result<Plan> {
    match salt {
        None => imported("password", password.to_owned()),
        Some(salt) => {
            let digest = password.trim();
            if digest.len() != 32 || !digest.bytes().all(|b| b.is_ascii_hexdigit()) {
                let detail = text!(
                    "with a salt, the password is the MD5 of password and salt as 32 hex digits",
                    "提供 salt 时，password 应为密码与盐拼接后的 MD5（32 位十六进制）"
                );
                return Err(Error::invalid("password", detail));
            }
            imported("password", format!("md5${}${}", salt.reveal(), digest.to_ascii_lowercase()))
        }
    }
}

fn imported(field: &str, hash: String) -> Result<Plan> {
    password::is_supported(&hash).map_err(|e| Error::invalid(field, e))?;
    Ok(Plan::Hash(hash))
}

/// A password that keeps the pool's rules. Expressions may ask for what a random text rarely has, so that a few are
/// drawn, the later ones with a sign in them.
///
/// # Errors
/// 422 when none of many fits.
fn generate(rules: &PasswordRules, entropy: &Entropy) -> Result<Secret<String>> {
    let draw = |_| char::from(ALPHABET[entropy.below(ALPHABET.len() as u32) as usize]);
    for sign in ["", "-", "!", "_", "#", "@", "$"] {
        for _ in 0..8 {
            let made: String = (0..MADE.max(rules.min_length)).map(draw).collect();
            let made = format!("{made}{sign}");
            if rules.check(&made).is_ok() {
                return Ok(Secret::new(made));
            }
        }
    }
    Err(Error::new(codes::UNPROCESSABLE).at("options.autoGeneratePassword").because(text!(
        "no random password keeps the pool's rules; give one",
        "无法随机生成符合密码策略的密码，请直接提供密码"
    )))
}
