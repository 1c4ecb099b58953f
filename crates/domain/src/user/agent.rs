//! What a user agent tells of a device. Clients write what they like: it is shown and decides nothing.

use watchword_api::profile::DeviceType;

/// Read from a user agent; empty where it tells nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    pub kind: DeviceType,
    pub browser: &'static str,
    pub os: &'static str,
    /// Of the operating system.
    pub version: Option<String>,
}

impl Agent {
    /// `Firefox on Linux`.
    pub fn name(&self) -> Option<String> {
        match (self.browser, self.os) {
            ("", "") => None,
            (browser, "") => Some(browser.to_owned()),
            ("", os) => Some(os.to_owned()),
            (browser, os) => Some(format!("{browser} on {os}")),
        }
    }
}

/// Marks of browsers; the first that is there counts, as most call themselves by the names of others, too.
const BROWSERS: &[(&str, &str)] = &[
    ("MicroMessenger/", "WeChat"),
    ("DingTalk/", "DingTalk"),
    ("Lark/", "Lark"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("Trident/", "Internet Explorer"),
];

/// Marks of operating systems, and what stands before their version.
const SYSTEMS: &[(&str, &str, &str)] = &[
    ("Android", "Android", "Android "),
    ("iPhone", "iOS", "OS "),
    ("iPad", "iOS", "OS "),
    ("Windows NT", "Windows", "Windows NT "),
    ("Mac OS X", "macOS", "Mac OS X "),
    ("CrOS", "ChromeOS", ""),
    ("Linux", "Linux", ""),
];

pub fn read(user_agent: &str) -> Agent {
    let browser = BROWSERS.iter().find(|(mark, _)| user_agent.contains(mark)).map_or("", |(_, name)| name);
    let system = SYSTEMS.iter().find(|(mark, ..)| user_agent.contains(mark));
    let os = system.map_or("", |(_, name, _)| name);
    let version = system.and_then(|(.., before)| {
        let rest = user_agent.split_once(*before).filter(|_| !before.is_empty())?.1;
        let digits: String =
            rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | '_')).take(16).collect();
        (!digits.is_empty()).then(|| digits.replace('_', "."))
    });
    let kind = match (os, browser) {
        ("Android" | "iOS", _) => DeviceType::Mobile,
        (_, "") if !os.is_empty() => DeviceType::Desktop,
        _ => DeviceType::Browser,
    };
    Agent { kind, browser, os, version }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn well_known_agents_are_told_apart() {
        let cases = [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Linux", None),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36 Edg/126.0",
                "Edge",
                "Windows",
                Some("10.0"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile/15E148 Safari/604.1",
                "Safari",
                "iOS",
                Some("17.5"),
            ),
            ("", "", "", None),
        ];
        for (agent, browser, os, version) in cases {
            let told = read(agent);
            assert_eq!((told.browser, told.os, told.version.as_deref()), (browser, os, version), "{agent}");
        }
        assert_eq!(read("").name(), None);
        assert_eq!(read("Android 14; Firefox/1").name().as_deref(), Some("Firefox on Android"));
    }
}
