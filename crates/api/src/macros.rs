//! Two small macros of this crate.

/// Declares an enum by its wire values: serde, schema, `ALL`, `as_str`, `parse` and `Display` all agree.
macro_rules! wire_enum {
    ($(#[$meta:meta])* pub enum $Name:ident { $($(#[$vmeta:meta])* $Variant:ident = $wire:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
        pub enum $Name {
            $($(#[$vmeta])* #[serde(rename = $wire)] $Variant,)*
        }

        impl $Name {
            /// Every value, in the order of the contract.
            pub const ALL: &'static [Self] = &[$(Self::$Variant),*];

            /// The value as the wire and the store spell it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$Variant => $wire,)*
                }
            }

            /// Reads the spelling of [`Self::as_str`].
            pub fn parse(s: &str) -> Option<Self> {
                match s {
                    $($wire => Some(Self::$Variant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// `Debug` for a reply that carries a secret: its name and nothing of its content.
macro_rules! quiet_debug {
    ($Name:ident) => {
        impl std::fmt::Debug for $Name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($Name), "(***)"))
            }
        }
    };
}
