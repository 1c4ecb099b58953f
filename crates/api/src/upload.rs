//! Files of users.

use std::fmt;

use schemars::JsonSchema;
use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

/// A `multipart/form-data` body; the members beside the file may also stand in the query.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadReq {
    /// A folder, to tell uploads apart: 1 to 64 of `a-z A-Z 0-9 - _`. Default `files`.
    pub folder: Option<String>,

    /// Whether only the user may read the file, with an access token. Default false: whoever has the address may.
    pub is_private: Option<bool>,

    /// The file, up to 4 MiB: the only part with a file name.
    #[schemars(with = "Option<String>")]
    pub file: FilePart,
}

/// A part of a body with a file name.
#[derive(Default)]
pub struct FilePart {
    /// What the client calls it.
    pub name: String,
    pub content: Vec<u8>,
}

impl fmt::Debug for FilePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilePart").field("bytes", &self.content.len()).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for FilePart {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Parts;

        impl<'de> Visitor<'de> for Parts {
            type Value = FilePart;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<FilePart, A::Error> {
                let Some((name, Bytes(content))) = map.next_entry::<String, Bytes>()? else {
                    return Err(A::Error::missing_field("file"));
                };
                Ok(FilePart { name, content })
            }
        }

        deserializer.deserialize_struct("FilePart", &["name", "content"], Parts)
    }
}

struct Bytes(Vec<u8>);

impl<'de> serde::Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;

        impl Visitor<'_> for Whole {
            type Value = Bytes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }

            fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_byte_buf(Whole)
    }
}

/// Answer of upload.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Uploaded {
    /// Folder and name of the stored file.
    pub key: String,

    /// Where it can be read.
    pub url: String,
}
