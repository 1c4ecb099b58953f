//! Whence a user has signed in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

wire_enum! {
    /// Kind of a device, read from its user agent.
    pub enum DeviceType {
        Browser = "Browser",
        Mobile = "Mobile",
        Desktop = "Desktop",
    }
}

wire_enum! {
    /// State of a device.
    #[derive(Default)]
    pub enum DeviceState {
        #[default]
        Activated = "activated",
        Suspended = "suspended",
        Deactivated = "deactivated",
    }
}

/// Query of mydevices/list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListDevicesQuery {
    /// Page number, from 1. Default 1.
    #[schemars(range(min = 1))]
    pub page: Option<i64>,

    /// Rows per page, 1 to 50. Default 10.
    #[schemars(range(min = 1, max = 50))]
    pub limit: Option<i64>,
}

/// A device and its last sign-in.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MyDevice {
    /// The device.
    pub device: Device,

    /// When somebody last signed in there.
    pub last_login_time: String,

    /// Address of that sign-in.
    pub last_ip: Option<String>,

    /// Whether a session of it is live.
    pub online: bool,
}

/// A device: one user agent of one user.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Device {
    /// Id of the device, of this user only.
    pub device_id: String,

    /// Name, such as `Firefox on Linux`; empty where nothing is known.
    pub name: Option<String>,

    /// Version of the operating system, where the user agent tells it.
    pub version: Option<String>,

    /// Kind.
    #[serde(rename = "type")]
    pub kind: DeviceType,

    /// Model. Always absent: user agents do not tell it reliably.
    #[serde(rename = "mod")]
    pub model: Option<String>,

    /// Operating system.
    pub os: Option<String>,

    /// State. Always `activated`: an unbound device is not listed.
    pub status: DeviceState,

    /// The user agent as sent.
    pub user_agent: Option<String>,
}

/// Body of mydevices/revoke-all-sessions.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RevokeSessionsReq {
    /// Whether the present session ends too. Default false: it goes on, and so does the browser that it belongs to.
    pub include_current: Option<bool>,
}

/// Body of mydevices/unbind and mydevices/revoke-session.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceReq {
    /// Id of the device.
    pub device_id: String,
}
