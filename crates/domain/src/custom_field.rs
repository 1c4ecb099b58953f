//! Custom fields: what they may hold, and the one way by which custom data is written and shown.
//!
//! # Layout
//! - [`Fields`]: the definitions for one kind of thing, read once a request; [`write()`] for who changes one thing only
//! - `value`: whether a value fits; `seal`: encrypted and masked values
//! - [`define`]: making, changing and deleting fields; [`list`]: showing them; [`data`]: values by themselves
//! - [`base`]: the built-in fields of users; `register`: what a registration asks for
//!
//! A member of custom data that no field is defined for may be any JSON. A defined one has the field's type, and its
//! rules hold for it; what is stored already is judged again when it changes.

pub mod base;
pub mod data;
pub mod define;
pub mod list;
mod register;
mod seal;
mod value;

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;
use watchword_api::common::Object;
use watchword_api::custom_field::TargetType;
use watchword_kit::{Error, Result, codes, text};
use watchword_store::{Tx, custom_field as store};

use crate::ctx::Ctx;
use crate::permission::Permission;
use crate::user::custom;

pub use define::Definition;
pub use register::{Asked, asked, from_texts};
pub use seal::{is_sealed, sealed_key, without_sealed};
pub use value::Field;

/// The fields of one kind of thing.
pub struct Fields {
    target: TargetType,
    fields: HashMap<String, Field>,
}

/// Custom data that is ready to be stored.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    /// What goes into the column `custom_data`.
    pub stored: String,
    /// Members of unique fields that change, with the form in which their values are compared.
    claims: BTreeMap<String, Option<String>>,
}

impl Drawn {
    /// Members of unique fields that change.
    pub fn changed(&self) -> impl Iterator<Item = &str> {
        self.claims.keys().map(String::as_str)
    }

    /// Values of unique fields that are to be taken: member, and the form in which it is compared.
    pub fn wanted(&self) -> impl Iterator<Item = (&str, &str)> {
        self.claims.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?)))
    }
}

impl Fields {
    pub async fn load(tx: &mut Tx, ctx: &Ctx, target: TargetType) -> Result<Fields> {
        let rows = store::of(tx, ctx.pool(), target.as_str()).await?;
        let fields = rows.into_iter().map(|row| Ok((row.key.clone(), Field::read(row)?)));
        Ok(Fields { target, fields: fields.collect::<Result<_>>()? })
    }

    /// No fields, for those who write no custom data.
    pub fn none(target: TargetType) -> Fields {
        Fields { target, fields: HashMap::new() }
    }

    pub fn get(&self, key: &str) -> Option<&Field> {
        self.fields.get(key)
    }

    /// `stored` with the members of `patch`, of which null takes one away: judged, and sealed where the field is
    /// encrypted. `id` names whose data it is. Follow it by [`Fields::claim`] in the transaction that stores it.
    ///
    /// # Errors
    /// 400 at the member that does not fit, as `school`; the caller puts `customData` before it.
    pub fn draw_up(&self, ctx: &Ctx, id: &str, stored: &str, patch: &Object) -> Result<Drawn> {
        let mut data = custom::object(stored)?;
        let mut claims = BTreeMap::new();
        for (key, value) in patch {
            if is_sealed(value) {
                return Err(Error::invalid(key.as_str(), text!("not acceptable", "不合法")));
            }
            let field = self.fields.get(key);
            if field.is_some() && self.is_masked_echo(ctx, id, key, data.get(key), value)? {
                continue;
            }
            let value = match (field, value) {
                (_, Value::Null) => None,
                (Some(field), value) => {
                    field.judge(value).map_err(|e| e.at(key.as_str()))?;
                    Some(field.sealed(ctx, self.target, id, value)?)
                }
                (None, value) => Some(value.clone()),
            };
            if field.is_some_and(|f| f.definition.is_unique) {
                claims.insert(key.clone(), value.as_ref().and_then(custom::value_key));
            }
            match value {
                Some(value) => data.insert(key.clone(), value),
                None => data.shift_remove(key),
            };
        }
        Ok(Drawn { stored: custom::text(&data)?, claims })
    }

    /// Whether somebody who sees masked values only writes back what they were shown: then nothing changes.
    fn is_masked_echo(&self, ctx: &Ctx, id: &str, key: &str, old: Option<&Value>, given: &Value) -> Result<bool> {
        let masked = self.fields.get(key).is_some_and(|f| f.definition.desensitization);
        let Some(old) = old.filter(|_| masked && !ctx.may(Permission::CustomDataReadPlain)) else { return Ok(false) };
        let old = if is_sealed(old) { seal::open(ctx, self.target, id, key, old)? } else { old.clone() };
        Ok(*given == seal::mask(&old))
    }

    /// A patch that takes every member away.
    pub fn nothing(stored: &str) -> Result<Object> {
        Ok(custom::object(stored)?.into_iter().map(|(key, _)| (key, Value::Null)).collect())
    }

    /// Makes those whose data was drawn up the only owners of their values of unique fields, and gives up what they
    /// had. One call for a batch: everybody takes values in the same order, so that two batches do not wait for each
    /// other.
    ///
    /// # Errors
    /// 409 at the member whose value another has; `at` makes its path of the member and the index in `list`.
    pub async fn claim(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        list: &[(&str, &Drawn)],
        at: impl Fn(&str, usize) -> String,
    ) -> Result<()> {
        let (pool, target) = (ctx.pool(), self.target.as_str());
        for (id, drawn) in list {
            let keys: Vec<String> = drawn.claims.keys().cloned().collect();
            if !keys.is_empty() {
                store::release(tx, pool, target, id, &keys).await?;
            }
        }
        let mut claims: Vec<(&str, &str, usize)> = Vec::new();
        for (i, (_, drawn)) in list.iter().enumerate() {
            claims.extend(drawn.claims.iter().filter_map(|(key, value)| Some((key.as_str(), value.as_deref()?, i))));
        }
        claims.sort_unstable();
        for (key, value, i) in claims {
            if !store::claim(tx, pool, target, key, value, list[i].0).await? {
                return Err(taken().at(at(key, i)));
            }
        }
        Ok(())
    }

    /// Whether two stored forms of one thing's custom data say the same.
    pub fn same(&self, ctx: &Ctx, id: &str, one: &str, other: &str) -> Result<bool> {
        let opened = |stored: &str| {
            let mut data = custom::object(stored)?;
            for (key, value) in data.iter_mut().filter(|(_, value)| is_sealed(value)) {
                *value = seal::open(ctx, self.target, id, key, value)?;
            }
            Ok::<_, Error>(data)
        };
        Ok(opened(one)? == opened(other)?)
    }

    /// Stored custom data as whoever asks may see it: encrypted values opened; those that are to be masked are, unless
    /// the access key may read them plain.
    pub fn shown(&self, ctx: &Ctx, id: &str, stored: &str) -> Result<Object> {
        let mut data = custom::object(stored)?;
        let plain = ctx.may(Permission::CustomDataReadPlain);
        for (key, value) in &mut data {
            if is_sealed(value) {
                *value = seal::open(ctx, self.target, id, key, value)?;
            }
            if !plain && self.fields.get(key).is_some_and(|f| f.definition.desensitization) {
                *value = seal::mask(value);
            }
        }
        Ok(data)
    }
}

/// Where the custom data of a kind of thing is stored.
fn owner(target: TargetType) -> store::data::Owner {
    use store::data::Owner;
    match target {
        TargetType::User => Owner::User,
        TargetType::Role => Owner::Role,
        TargetType::Group => Owner::Group,
        TargetType::Department => Owner::Department,
    }
}

/// Another has this value of a unique field.
fn taken() -> Error {
    Error::new(codes::CONFLICT).because(text!("another has this value already", "该值已被占用"))
}

/// Judges and seals custom data of one thing, takes its unique values, and answers what to store in `custom_data`;
/// `stored` is what is there now, `{}` in a new one.
///
/// # Errors
/// 400 at `customData.<member>` for a value that does not fit, 409 for one that another has.
pub async fn write(
    tx: &mut Tx,
    ctx: &Ctx,
    target: TargetType,
    id: &str,
    stored: &str,
    patch: &Object,
) -> Result<String> {
    let fields = Fields::load(tx, ctx, target).await?;
    let drawn = fields.draw_up(ctx, id, stored, patch).map_err(|e| e.at("customData"))?;
    fields.claim(tx, ctx, &[(id, &drawn)], |key, _| format!("customData.{key}")).await?;
    Ok(drawn.stored)
}

/// Gives up the unique values of things that are being deleted. Users' go by themselves.
pub async fn forget(tx: &mut Tx, ctx: &Ctx, target: TargetType, ids: &[String]) -> Result<()> {
    Ok(store::forget(tx, ctx.pool(), target.as_str(), ids).await?)
}
