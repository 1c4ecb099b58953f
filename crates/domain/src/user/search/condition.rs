//! One condition of an advanced filter.

use serde_json::Value;
use watchword_api::user::{AdvancedFilter, FilterOperator};
use watchword_kit::unicode::fold;
use watchword_kit::{Error, Millis, Result, codes, text};
use watchword_store::Val;
use watchword_store::user::search::{self as store, Column, DepartmentTest, IdentityTest, Kind, Search, Test};

use super::super::custom;
use super::unix;

const DEPARTMENT: &str = "department";
const MAX_VALUES: usize = 500;
const MAX_ALTERNATIVES: usize = 20;
/// Longest text to search for, in characters.
const MAX_TEXT: usize = 256;

/// Adds one condition: on a column, on something a user has several of, or on a custom field.
pub fn and(search: Search, condition: AdvancedFilter) -> Result<Search> {
    let AdvancedFilter { field, operator, value } = condition;
    let value = value.unwrap_or_default();
    match field.as_str() {
        DEPARTMENT => departments(search, operator, &value),
        "loggedInApps" => {
            let apps = match operator {
                FilterOperator::In => items(&value, MAX_VALUES)?.iter().map(string).collect::<Result<_>>()?,
                FilterOperator::Equal => vec![string(&value)?],
                _ => return Err(unfit(operator)),
            };
            Ok(search.and_logged_in_apps(apps))
        }
        "userSource" => {
            let sources: Vec<_> = match operator {
                FilterOperator::In => items(&value, MAX_ALTERNATIVES)?.iter().map(source).collect::<Result<_>>()?,
                FilterOperator::Equal => vec![source(&value)?],
                _ => return Err(unfit(operator)),
            };
            Ok(search.and_source(&sources))
        }
        "identity" => identity(search, operator, &value),
        name => match store::find(name) {
            Some(column) => on_column(search, column, operator, &value),
            None => on_custom(search, name, operator, &value),
        },
    }
}

fn on_column(search: Search, column: &Column, operator: FilterOperator, value: &Value) -> Result<Search> {
    use FilterOperator as Op;
    let textual = matches!(column.kind, Kind::Text | Kind::Folded(_));
    let ordered = matches!(column.kind, Kind::Time | Kind::Number) || column.field == "birthdate";
    let one = |v: &Value| scalar(column, v);
    let test = match operator {
        Op::IsNull => Test::Null,
        Op::NotNull => Test::NotNull,
        Op::Equal => Test::Is(one(value)?),
        Op::NotEqual => Test::IsNot(one(value)?),
        Op::Contains if textual => Test::Contains(string(value)?),
        Op::NotContains if textual => Test::Lacks(string(value)?),
        Op::Greater if ordered => Test::AtLeast(one(value)?),
        Op::Lesser if ordered => Test::AtMost(one(value)?),
        Op::In if column.kind != Kind::Bool => {
            let values = items(value, MAX_VALUES)?.iter().map(|v| Ok(as_text(one(v)?)));
            Test::OneOf(values.collect::<Result<_>>()?)
        }
        Op::Between if ordered => {
            let [low, high] = pair(value)?;
            return Ok(search.and(column, Test::AtLeast(one(low)?)).and(column, Test::AtMost(one(high)?)));
        }
        _ => return Err(unfit(operator)),
    };
    Ok(search.and(column, test))
}

/// A value of the column's type.
fn scalar(column: &Column, value: &Value) -> Result<Val> {
    match column.kind {
        Kind::Text => Ok(Val::Text(string(value)?)),
        Kind::Folded(_) => Ok(Val::Text(fold(&string(value)?))),
        Kind::Number => Ok(Val::Int(integer(value)?)),
        Kind::Bool => value.as_bool().map(Val::Bool).ok_or_else(|| wrong("true or false", "true 或 false")),
        Kind::Time => match value {
            Value::String(s) => Millis::parse_iso(s).map(Val::from).ok_or_else(not_a_time),
            Value::Number(_) => Ok(unix(integer(value).map_err(|_| not_a_time())?, 0).into()),
            _ => Err(not_a_time()),
        },
    }
}

fn as_text(val: Val) -> String {
    match val {
        Val::Int(n) => n.to_string(),
        Val::Text(s) => s,
        _ => String::new(),
    }
}

fn on_custom(search: Search, name: &str, operator: FilterOperator, value: &Value) -> Result<Search> {
    use FilterOperator as Op;
    bounded(name).map_err(|e| e.at("field"))?;
    let key =
        |v: &Value| custom::value_key(v).ok_or_else(|| wrong("a text, number or boolean", "字符串、数字或布尔值"));
    let number =
        |v: &Value| custom::number_key(v).map(Val::Text).ok_or_else(|| wrong("a number or a date", "数字或日期"));
    let test = match operator {
        Op::IsNull => Test::Null,
        Op::NotNull => Test::NotNull,
        Op::Equal => Test::Is(Val::Text(key(value)?)),
        Op::NotEqual => Test::IsNot(Val::Text(key(value)?)),
        Op::In => Test::OneOf(items(value, MAX_VALUES)?.iter().map(key).collect::<Result<_>>()?),
        Op::Contains => Test::Contains(fold(&string(value)?)),
        Op::NotContains => Test::Lacks(fold(&string(value)?)),
        Op::Greater => Test::AtLeast(number(value)?),
        Op::Lesser => Test::AtMost(number(value)?),
        Op::Between => {
            let [low, high] = pair(value)?;
            let (low, high) = (Test::AtLeast(number(low)?), Test::AtMost(number(high)?));
            return Ok(search.and_custom(name, low).and_custom(name, high));
        }
    };
    Ok(search.and_custom(name, test))
}

/// Conditions on identities: `EQUAL`, `NOT_EQUAL` an object, `IN` a list of them, `IS_NULL`, `NOT_NULL`. An object
/// has any of `extIdpId`, `provider`, `userIdInIdp`.
fn identity(search: Search, operator: FilterOperator, value: &Value) -> Result<Search> {
    use FilterOperator as Op;
    let one = |v: &Value| {
        let object = v.as_object().filter(|o| !o.is_empty());
        let object = object.ok_or_else(|| {
            wrong("an object with extIdpId, provider or userIdInIdp", "包含 extIdpId、provider 或 userIdInIdp 的对象")
        })?;
        let mut test = IdentityTest::default();
        for (key, v) in object {
            match key.as_str() {
                "extIdpId" => test.ext_idp_id = Some(string(v)?),
                "provider" => test.provider = Some(string(v)?),
                "userIdInIdp" => test.user_id_in_idp = Some(string(v)?),
                _ => {
                    return Err(wrong(
                        "an object with extIdpId, provider or userIdInIdp",
                        "包含 extIdpId、provider 或 userIdInIdp 的对象",
                    ));
                }
            }
        }
        Ok(test)
    };
    let any = [IdentityTest::default()];
    Ok(match operator {
        Op::IsNull => search.and_identity(&any, true),
        Op::NotNull => search.and_identity(&any, false),
        Op::Equal => search.and_identity(&[one(value)?], false),
        Op::NotEqual => search.and_identity(&[one(value)?], true),
        Op::In => {
            let tests: Vec<_> = items(value, MAX_ALTERNATIVES)?.iter().map(one).collect::<Result<_>>()?;
            search.and_identity(&tests, false)
        }
        _ => return Err(unfit(operator)),
    })
}

/// Conditions on departments: `EQUAL`, `NOT_EQUAL` an object, `IN` a list of them, `IS_NULL`, `NOT_NULL`. A department
/// that does not exist has no members.
fn departments(search: Search, operator: FilterOperator, value: &Value) -> Result<Search> {
    use FilterOperator as Op;
    let tests = named(operator, value)?;
    Ok(match operator {
        Op::In if tests.is_empty() => search.and_identity(&[], false),
        _ => search.and_departments(&tests, matches!(operator, Op::IsNull | Op::NotEqual)),
    })
}

/// The departments that a condition names, if it is one on departments.
pub fn departments_named(condition: &AdvancedFilter) -> Result<Option<Vec<DepartmentTest>>> {
    if condition.field != DEPARTMENT {
        return Ok(None);
    }
    named(condition.operator, condition.value.as_ref().unwrap_or(&Value::Null)).map(Some)
}

fn named(operator: FilterOperator, value: &Value) -> Result<Vec<DepartmentTest>> {
    use FilterOperator as Op;
    match operator {
        Op::IsNull | Op::NotNull => Ok(Vec::new()),
        Op::Equal | Op::NotEqual => Ok(vec![department(value)?]),
        Op::In => items(value, MAX_ALTERNATIVES)?.iter().map(department).collect(),
        _ => Err(unfit(operator)),
    }
}

fn department(value: &Value) -> Result<DepartmentTest> {
    let shape = || {
        wrong(
            "an object with organizationCode and departmentId, perhaps departmentIdType and includeChildrenDepartments",
            "包含 organizationCode、departmentId 以及可选的 departmentIdType、includeChildrenDepartments 的对象",
        )
    };
    let object = value.as_object().ok_or_else(shape)?;
    let (mut organization, mut id, mut open, mut tree) = (None, None, false, false);
    for (key, v) in object.iter().filter(|(_, v)| !v.is_null()) {
        match (key.as_str(), v) {
            ("organizationCode", v) => organization = Some(string(v)?),
            ("departmentId", v) => id = Some(string(v)?),
            ("departmentIdType", Value::String(s)) if s == "department_id" => open = false,
            ("departmentIdType", Value::String(s)) if s == "open_department_id" => open = true,
            ("includeChildrenDepartments", Value::Bool(b)) => tree = *b,
            _ => return Err(shape()),
        }
    }
    let (organization, id) = (organization.ok_or_else(shape)?, id.ok_or_else(shape)?);
    Ok(DepartmentTest { organization, id: (id != "root").then_some(id), open, tree })
}

/// A source by its type, or as an object with `userSourceType` and perhaps `userSourceId`.
fn source(value: &Value) -> Result<(String, Option<String>)> {
    match value {
        Value::Object(o) => {
            let id = o.get("userSourceId").filter(|v| !v.is_null()).map(string).transpose()?;
            Ok((string(o.get("userSourceType").unwrap_or(&Value::Null))?, id))
        }
        other => Ok((string(other)?, None)),
    }
}

fn items(value: &Value, max: usize) -> Result<&Vec<Value>> {
    let list = value.as_array().ok_or_else(|| wrong("a list", "数组"))?;
    if list.len() > max {
        return Err(Error::invalid("value", text!("at most {max} items", "最多 {max} 项")));
    }
    Ok(list)
}

fn pair(value: &Value) -> Result<[&Value; 2]> {
    match value.as_array().map(Vec::as_slice) {
        Some([low, high]) => Ok([low, high]),
        _ => Err(wrong("a list of two values", "两个元素的数组")),
    }
}

fn string(value: &Value) -> Result<String> {
    let s = match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        _ => return Err(wrong("a text", "字符串")),
    };
    bounded(&s).map_err(|e| e.at("value"))?;
    Ok(s)
}

fn integer(value: &Value) -> Result<i64> {
    let given = match value {
        Value::Number(n) => {
            n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9e15).map(|f| f as i64))
        }
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    };
    given.ok_or_else(|| wrong("a whole number", "整数"))
}

pub fn bounded(s: &str) -> Result<()> {
    if s.chars().nth(MAX_TEXT).is_some() {
        return Err(
            Error::new(codes::INVALID).because(text!("longer than {MAX_TEXT} characters", "超过 {MAX_TEXT} 个字符"))
        );
    }
    Ok(())
}

fn wrong(en: &'static str, zh: &'static str) -> Error {
    Error::invalid("value", text!("must be {en}", "应为{zh}"))
}

fn not_a_time() -> Error {
    wrong("a Unix time or an RFC 3339 date", "Unix 时间戳或 RFC 3339 日期")
}

fn unfit(operator: FilterOperator) -> Error {
    Error::invalid("operator", text!("{operator} does not apply to this field", "{operator} 不适用于该字段"))
}
