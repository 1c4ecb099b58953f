//! The columns of a user, in the order in which they are written.

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    Flag,
    Count,
    /// RFC 3339 or a date.
    Time,
    /// Any JSON value.
    Json,
    /// JSON list, or texts with `;` between.
    List,
    /// Never shown anywhere.
    Secret,
    /// Written for the reader's information and passed over when read back: this server works it out itself.
    Shown,
}

/// Whether a column is read, written, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Both,
    Read,
    /// Written only when asked for.
    Hashes,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    pub kind: Kind,
    pub way: Way,
    /// Other names under which files have it, in the form of [`plain`].
    aliases: &'static [&'static str],
}

macro_rules! columns {
    ($($name:literal $kind:ident $way:ident [$($alias:literal),*];)*) => {
        pub static COLUMNS: &[Column] =
            &[$(Column { name: $name, kind: Kind::$kind, way: Way::$way, aliases: &[$($alias),*] }),*];
    };
}

columns! {
    "userId" Text Both [];
    "externalId" Text Both ["extid", "employeeid", "employeenumber", "工号", "外部id"];
    "username" Text Both ["login", "loginname", "account", "用户名", "账号"];
    "email" Text Both ["mail", "emailaddress", "邮箱", "电子邮箱"];
    "emailVerified" Flag Both ["emailisverified"];
    "phone" Text Both ["phonenumber", "mobile", "mobilephone", "cellphone", "手机号", "手机"];
    "phoneCountryCode" Text Both ["countrycode", "区号"];
    "phoneVerified" Flag Both ["phonenumberverified"];
    "name" Text Both ["fullname", "displayname", "姓名", "显示名称"];
    "nickname" Text Both ["昵称"];
    "givenName" Text Both ["firstname", "名"];
    "familyName" Text Both ["lastname", "surname", "sn", "姓"];
    "middleName" Text Both [];
    "preferredUsername" Text Both [];
    "gender" Text Both ["sex", "性别"];
    "birthdate" Text Both ["birthday", "dateofbirth", "生日", "出生日期"];
    "status" Text Both ["状态"];
    "workStatus" Text Both [];
    "suspendAt" Time Both [];
    "activateAt" Time Both [];
    "photo" Text Both ["picture", "avatar", "photourl", "头像"];
    "profile" Text Both [];
    "website" Text Both [];
    "zoneinfo" Text Both ["timezone"];
    "locale" Text Both ["language"];
    "country" Text Both ["国家"];
    "province" Text Both ["state", "省"];
    "city" Text Both ["城市"];
    "region" Text Both [];
    "address" Text Both ["地址"];
    "streetAddress" Text Both ["street"];
    "formatted" Text Both [];
    "postalCode" Text Both ["zip", "zipcode", "邮编"];
    "company" Text Both ["organization", "公司"];
    "identityNumber" Text Both ["身份证号"];
    "browser" Text Both [];
    "device" Text Both [];
    "customData" Json Both [];
    "metadataSource" Json Read [];
    "identities" Json Both [];
    "departmentIds" List Both ["departments", "部门"];
    "mainDepartmentId" Text Both ["maindepartment", "主部门"];
    "createdAt" Time Both ["created"];
    "loginsCount" Count Both [];
    "lastLogin" Time Both [];
    "lastIp" Text Both [];
    "passwordLastSetAt" Time Both [];
    "lastMfaTime" Time Both [];
    "resetPasswordOnNextLogin" Flag Both [];
    "updatedAt" Shown Both [];
    "statusChangedAt" Shown Both [];
    "userSourceType" Shown Both [];
    "userSourceId" Shown Both [];
    "registerSource" Shown Both [];
    "lastLoginApp" Shown Both [];
    "passwordSecurityLevel" Shown Both [];
    "tenantId" Shown Both [];
    "passwordHash" Secret Hashes ["hash"];
    "passwordSalt" Secret Read ["salt"];
    "password" Secret Read ["密码"];
}

/// Letters and digits in lower case: how names of columns are compared.
pub fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The column that a name of a file means.
pub fn find(name: &str) -> Option<&'static Column> {
    let name = plain(name);
    let own = COLUMNS.iter().find(|c| plain(c.name) == name);
    own.or_else(|| COLUMNS.iter().find(|c| c.aliases.contains(&name.as_str())))
}

/// The columns of an export.
pub fn written(with_hashes: bool) -> Vec<&'static Column> {
    COLUMNS.iter().filter(|c| c.way == Way::Both || (c.way == Way::Hashes && with_hashes)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_written() {
        let found = |name| find(name).map(|c| c.name);
        assert_eq!(found("E-Mail"), Some("email"));
        assert_eq!(found("email_verified"), Some("emailVerified"));
        assert_eq!(found("First Name"), Some("givenName"));
        assert_eq!(found("手机号"), Some("phone"));
        assert_eq!(found("shoe size"), None);
    }

    #[test]
    fn no_name_means_two_columns() {
        let mut seen = std::collections::HashSet::new();
        for column in COLUMNS {
            assert!(seen.insert(plain(column.name)), "{}", column.name);
            for alias in column.aliases {
                assert_eq!(plain(alias), *alias);
                assert!(seen.insert((*alias).to_owned()), "{alias}");
            }
        }
    }
}
