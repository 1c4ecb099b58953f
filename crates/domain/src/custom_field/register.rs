//! Custom fields at registration: a field is asked for by the applications that its `appIds` name.

use serde_json::Value;
use watchword_api::common::Object;
use watchword_api::custom_field::{FieldType, TargetType};
use watchword_kit::{Lang, Result, text};
use watchword_store::{Tx, custom_field as store};

use super::{Field, Fields};
use crate::ctx::Ctx;

/// A field that a page asks for.
#[derive(Clone, Debug)]
pub struct Asked {
    pub key: String,
    pub label: String,
    /// Value and label of each; empty: whatever fits the field.
    pub options: Vec<(String, String)>,
}

/// The fields that the registration of an application asks for, the oldest first.
pub async fn asked(tx: &mut Tx, ctx: &Ctx, app: &str) -> Result<Vec<Asked>> {
    let rows = store::of(tx, ctx.pool(), TargetType::User.as_str()).await?;
    let mut list = Vec::new();
    for row in rows {
        let field = Field::read(row)?;
        if field.is_asked_by(app) {
            list.push(show(field, ctx.request().lang));
        }
    }
    Ok(list)
}

fn show(field: Field, lang: Lang) -> Asked {
    let Field { key, data_type, definition, .. } = field;
    let local = definition.i18n.map(|i| if lang == Lang::Zh { i.label.zh_cn } else { i.label.en_us });
    let label = local.filter(|l| l.enabled && !l.value.is_empty()).map_or(definition.label, |l| l.value);
    let options = match data_type {
        FieldType::Enum => definition.options.into_iter().map(|o| (o.value, o.label)).collect(),
        FieldType::Boolean => {
            let word = |on| if on { text!("Yes", "是") } else { text!("No", "否") };
            [true, false].map(|on| (on.to_string(), word(on).get(lang).to_owned())).to_vec()
        }
        FieldType::String | FieldType::Number | FieldType::Datetime => Vec::new(),
    };
    Asked { key, label, options }
}

/// What a form says of fields, as their types have it. What no field is defined for stays a text.
pub async fn from_texts(tx: &mut Tx, ctx: &Ctx, texts: Vec<(String, String)>) -> Result<Object> {
    let fields = Fields::load(tx, ctx, TargetType::User).await?;
    let read = |(key, text): (String, String)| {
        let value = Value::String(text);
        let value = match fields.get(&key) {
            Some(field) => field.of_text(value),
            None => value,
        };
        (key, value)
    };
    Ok(texts.into_iter().map(read).collect())
}
