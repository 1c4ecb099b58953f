//! When a sign-in needs the text of a picture, and what locks an account.

use std::net::IpAddr;

use watchword_api::security_settings::{AccountLock, FailCheck, LoginAnomalyDetection, LoginFailStrategy, RobotVerify};
use watchword_kit::{Error, Millis, Result, text};

use super::within;

const MAX_HOURS: usize = 50;
const MAX_NETWORKS: usize = 200;
const MINUTES_OF_DAY: i64 = 24 * 60;

/// What the settings come to, whichever generation of members says it.
#[derive(Clone, Copy, Debug)]
pub struct Conditions<'a> {
    /// Every sign-in needs a picture.
    pub always: bool,
    /// So many failures from one address, and those that follow need a picture.
    pub per_address: Option<FailCheck>,
    /// So many wrong passwords of one account, and its next sign-ins need a picture.
    pub per_account: Option<FailCheck>,
    /// So many wrong passwords of one account lock it.
    pub lock: Option<FailCheck>,
    settings: &'a LoginAnomalyDetection,
    conditional: bool,
}

impl<'a> Conditions<'a> {
    pub fn of(settings: &'a LoginAnomalyDetection) -> Conditions<'a> {
        let on = |check: FailCheck| Some(check).filter(|c| c.enabled);
        let conditional = settings.robot_verify == RobotVerify::ConditionSet;
        let older = settings.robot_verify == RobotVerify::Disable && settings.account_lock == AccountLock::Disable;
        let older_captcha = older && settings.login_fail_strategy == LoginFailStrategy::Captcha;
        let older_lock = older && settings.login_fail_strategy == LoginFailStrategy::BlockAccount;
        let older_check = on(settings.login_password_fail_check);
        Conditions {
            always: settings.robot_verify == RobotVerify::AlwaysEnable,
            per_address: on(settings.login_fail_check).filter(|_| conditional || older_captcha),
            per_account: if conditional {
                on(settings.robot_verify_login_password_fail_check)
            } else {
                older_check.filter(|_| older_captcha)
            },
            lock: if settings.account_lock == AccountLock::ConditionSet {
                settings.account_lock_login_password_fail_check.and_then(on)
            } else {
                older_check.filter(|_| older_lock)
            },
            settings,
            conditional,
        }
    }

    /// Whether place or time alone ask for a picture.
    pub fn unusual(&self, ip: Option<&str>, now: Millis) -> bool {
        if self.always {
            return true;
        }
        let list = &self.settings.robot_verify_login_ip_whitelist_check;
        let elsewhere = list.enabled && !listed(&list.ip_whitelist, ip);
        let hours = &self.settings.robot_verify_login_week_start_end_time;
        let late = self.settings.robot_verify_login_time_check_enable
            && !hours.iter().filter_map(|text| Hours::parse(text)).any(|hours| hours.contain(now));
        self.conditional && (elsewhere || late)
    }
}

/// # Errors
/// 400 at the first member out of bounds.
pub(super) fn check(settings: &LoginAnomalyDetection) -> Result<()> {
    let checks = [
        ("loginFailCheck", Some(settings.login_fail_check)),
        ("loginPasswordFailCheck", Some(settings.login_password_fail_check)),
        ("accountLockLoginPasswordFailCheck", settings.account_lock_login_password_fail_check),
        ("robotVerifyLoginPasswordFailCheck", Some(settings.robot_verify_login_password_fail_check)),
    ];
    for (name, check) in checks {
        let Some(check) = check else { continue };
        within(&format!("{name}.limit"), check.limit, 1, 1_000_000)?;
        within(&format!("{name}.timeInterval"), check.time_interval, 1, 2_592_000)?;
    }
    let list = networks(&settings.robot_verify_login_ip_whitelist_check.ip_whitelist);
    let sound = list.iter().all(|n| Network::parse(n).is_some());
    if !sound || list.len() > MAX_NETWORKS {
        let detail = text!(
            "at most {MAX_NETWORKS} addresses or networks such as 192.0.2.7,198.51.100.0/24",
            "最多 {MAX_NETWORKS} 个 IP 地址或网段，例如 192.0.2.7,198.51.100.0/24"
        );
        return Err(Error::invalid("robotVerifyLoginIpWhitelistCheck.ipWhitelist", detail));
    }
    let hours = &settings.robot_verify_login_week_start_end_time;
    let wrong = hours.iter().position(|text| Hours::parse(text).is_none());
    if let Some(i) = wrong.or((hours.len() > MAX_HOURS).then_some(MAX_HOURS)) {
        let detail = text!(
            "hours such as 1 09:00-18:00 or 7 00:00-24:00+08:00, the day from 1 (Monday) to 7; at most {MAX_HOURS}",
            "应为形如 1 09:00-18:00 或 7 00:00-24:00+08:00 的时段，星期一至星期日为 1 至 7；最多 {MAX_HOURS} 个"
        );
        return Err(Error::invalid(format!("robotVerifyloginWeekStartEndTime[{i}]"), detail));
    }
    Ok(())
}

fn networks(list: &str) -> Vec<&str> {
    list.split([',', '\n', ';']).map(str::trim).filter(|s| !s.is_empty()).collect()
}

fn listed(list: &str, ip: Option<&str>) -> bool {
    let Some(ip) = ip.and_then(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.to_canonical()) else { return false };
    networks(list).into_iter().filter_map(Network::parse).any(|network| network.contains(ip))
}

/// An address, or a network in CIDR notation.
struct Network {
    base: IpAddr,
    bits: u32,
}

impl Network {
    fn parse(text: &str) -> Option<Network> {
        let (base, bits) = match text.split_once('/') {
            Some((base, bits)) => (base.parse::<IpAddr>().ok()?, Some(bits.parse::<u32>().ok()?)),
            None => (text.parse::<IpAddr>().ok()?.to_canonical(), None),
        };
        let whole = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(whole);
        (bits <= whole).then_some(Network { base, bits })
    }

    fn contains(&self, ip: IpAddr) -> bool {
        match (self.base, ip) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - self.bits).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - self.bits).unwrap_or(0);
                base.to_bits() & mask == ip.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Some hours of one day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Hours {
    /// 0 is Monday.
    day: i64,
    /// Minutes of the day; the end is not included.
    from: i64,
    until: i64,
    /// Minutes east of UTC.
    offset: i64,
}

impl Hours {
    fn parse(text: &str) -> Option<Hours> {
        let (day, rest) = text.split_once(' ')?;
        let day = day.parse::<i64>().ok().filter(|d| (1..=7).contains(d))? - 1;
        let (from, rest) = rest.split_once('-')?;
        let (until, offset) = match rest.find(['+', '-']) {
            Some(at) => {
                let sign = if rest[at..].starts_with('-') { -1 } else { 1 };
                (&rest[..at], sign * minutes(&rest[at + 1..]).filter(|m| *m <= 14 * 60)?)
            }
            None => (rest, 0),
        };
        let (from, until) = (minutes(from)?, minutes(until)?);
        (from < until).then_some(Hours { day, from, until, offset })
    }

    fn contain(&self, now: Millis) -> bool {
        let local = now.0.div_euclid(60_000) + self.offset;
        let (days, minute) = (local.div_euclid(MINUTES_OF_DAY), local.rem_euclid(MINUTES_OF_DAY));
        // The epoch was a Thursday.
        (days + 3).rem_euclid(7) == self.day && (self.from..self.until).contains(&minute)
    }
}

/// `HH:MM` up to `24:00`.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |s: &str| s.len() == 2 && s.bytes().all(|b| b.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes) = (hours.parse::<i64>().ok()?, minutes.parse::<i64>().ok()?);
    let all = hours * 60 + minutes;
    (minutes < 60 && all <= MINUTES_OF_DAY).then_some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_of_one_day_in_their_own_zone() {
        // Monday, 2024-01-01, 12:00 UTC.
        let noon = Millis(1_704_110_400_000);
        let at = |text: &str| Hours::parse(text).unwrap().contain(noon);
        assert!(at("1 09:00-18:00") && at("1 12:00-12:01") && !at("1 09:00-12:00"));
        assert!(at("1 20:00-21:00+08:00") && !at("1 12:00-13:00+08:00"));
        assert!(at("2 00:00-01:00+12:00") && at("1 00:00-01:00-12:00"));
        for wrong in
            ["", "8 09:00-18:00", "1 9:00-18:00", "1 18:00-09:00", "1 09:00-24:01", "1 09:00", "Mon 09:00-18:00"]
        {
            assert_eq!(Hours::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_network_has_its_addresses_and_no_others() {
        let list = "192.0.2.7, 198.51.100.0/24\n2001:db8::/32;0.0.0.0/32";
        for inside in ["192.0.2.7", "198.51.100.255", "2001:db8:1::9", "::ffff:192.0.2.7"] {
            assert!(listed(list, Some(inside)), "{inside}");
        }
        for outside in ["192.0.2.8", "198.51.101.0", "2001:db9::1", "nonsense"] {
            assert!(!listed(list, Some(outside)), "{outside}");
        }
        assert!(!listed(list, None) && Network::parse("192.0.2.0/33").is_none());
        assert!(listed("0.0.0.0/0", Some("203.0.113.1")));
    }
}
