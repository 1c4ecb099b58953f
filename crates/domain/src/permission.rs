//! What an access key may be allowed to do. Nothing is allowed by default.

use std::collections::BTreeSet;

use watchword_kit::{Error, Result, text};

macro_rules! permissions {
    ($($(#[$meta:meta])* $Name:ident = $wire:literal;)*) => {
        /// One right of a management access key.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission { $($(#[$meta])* $Name,)* }

        impl Permission {
            pub const ALL: &'static [Permission] = &[$(Permission::$Name),*];

            pub const fn as_str(self) -> &'static str {
                match self { $(Permission::$Name => $wire,)* }
            }

            pub fn parse(s: &str) -> Option<Self> {
                match s { $($wire => Some(Permission::$Name),)* _ => None }
            }
        }
    };
}

permissions! {
    UserRead = "user:read";
    UserWrite = "user:write";
    UserDelete = "user:delete";
    /// Ends sessions.
    UserKick = "user:kick";
    OrganizationRead = "organization:read";
    OrganizationWrite = "organization:write";
    OrganizationDelete = "organization:delete";
    DepartmentRead = "department:read";
    DepartmentWrite = "department:write";
    DepartmentDelete = "department:delete";
    /// Says who is in a department; a right of its own, because roles follow from it.
    DepartmentWriteMembers = "department:write-members";
    UserImport = "user:import";
    /// Reads every user at once.
    UserExport = "user:export";
    MfaRead = "mfa:read";
    MfaWrite = "mfa:write";
    /// Reads the seed of an authenticator; a right of its own, because who has it can pass the second factor.
    MfaReadSecret = "mfa:read-secret";
    ApplicationRead = "application:read";
    ApplicationWrite = "application:write";
    ApplicationReadSecret = "application:read-secret";
    /// Lets applications register themselves (RFC 7591), where the pool allows it.
    ApplicationRegister = "application:register";
    AccessKeyRead = "access-key:read";
    AccessKeyWrite = "access-key:write";
    GroupRead = "group:read";
    /// Also who is in a group.
    GroupWrite = "group:write";
    GroupDelete = "group:delete";
    RoleRead = "role:read";
    RoleWrite = "role:write";
    /// Gives roles to users, groups, departments and other roles, and takes them away.
    RoleAssign = "role:assign";
    RoleDelete = "role:delete";
    MessageRead = "message:read";
    /// E-mail templates and how the pool sends e-mail.
    MessageWrite = "message:write";
    SecuritySettingsRead = "security-settings:read";
    SecuritySettingsWrite = "security-settings:write";
    PostRead = "post:read";
    PostWrite = "post:write";
    CustomFieldRead = "custom-field:read";
    CustomFieldWrite = "custom-field:write";
    CustomDataRead = "custom-data:read";
    CustomDataWrite = "custom-data:write";
    /// Sees values unmasked that other keys see masked.
    CustomDataReadPlain = "custom-data:read-plain";
    WhitelistRead = "whitelist:read";
    WhitelistWrite = "whitelist:write";
}

/// The rights of one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Grants {
    /// The pool's own key: everything, also what later versions add.
    All,
    Only(BTreeSet<Permission>),
    #[default]
    Nothing,
}

impl Grants {
    /// Reads the names a request gives.
    ///
    /// # Errors
    /// 400 at `permissions[i]` for a name that is no permission.
    pub fn parse(names: &[String]) -> Result<Grants> {
        let mut only = BTreeSet::new();
        for (i, name) in names.iter().enumerate() {
            let known = Permission::parse(name).ok_or_else(|| {
                let list = Permission::ALL.iter().map(|p| p.as_str()).collect::<Vec<_>>().join(", ");
                Error::invalid(format!("permissions[{i}]"), text!("one of {list}", "应为以下之一：{list}"))
            })?;
            only.insert(known);
        }
        Ok(if only.is_empty() { Grants::Nothing } else { Grants::Only(only) })
    }

    /// Reads what [`Grants::names`] wrote. A name this version does not know grants nothing.
    pub fn from_stored(json: &str) -> Grants {
        let names: Vec<String> = serde_json::from_str(json).unwrap_or_default();
        Grants::Only(names.iter().filter_map(|n| Permission::parse(n)).collect())
    }

    pub fn allow(&self, permission: Permission) -> bool {
        match self {
            Grants::All => true,
            Grants::Only(set) => set.contains(&permission),
            Grants::Nothing => false,
        }
    }

    pub fn names(&self) -> Vec<String> {
        match self {
            Grants::All => vec!["*".into()],
            Grants::Only(set) => set.iter().map(|p| p.as_str().to_owned()).collect(),
            Grants::Nothing => Vec::new(),
        }
    }

    /// Whether whoever has `self` may hand out `other`.
    pub fn cover(&self, other: &Grants) -> bool {
        match (self, other) {
            (Grants::All, _) | (_, Grants::Nothing) => true,
            (_, Grants::All) => false,
            (mine, Grants::Only(set)) => set.iter().all(|p| mine.allow(*p)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_hands_out_more_than_they_have() {
        let mine = Grants::parse(&["user:read".into(), "mfa:read".into()]).unwrap();
        assert!(mine.cover(&Grants::parse(&["user:read".into()]).unwrap()));
        assert!(!mine.cover(&Grants::parse(&["user:write".into()]).unwrap()));
        assert!(!mine.cover(&Grants::All));
    }

    #[test]
    fn an_unknown_name_is_refused_with_its_place() {
        let e = Grants::parse(&["user:read".into(), "root".into()]).unwrap_err();
        assert_eq!(e.field(), Some("permissions[1]"));
    }
}
