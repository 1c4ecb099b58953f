//! Applications that registered themselves.

use watchword_kit::Millis;

use crate::{Table, row};

row! {
    pub struct ClientRegistration {
        pub pool_id: String,
        /// The application's.
        pub id: String,
        /// SHA-256 of the registration access token.
        pub token: String,
        pub created_at: Millis,
    }
}

pub static TABLE: Table<ClientRegistration> = Table::new("client_registrations");
