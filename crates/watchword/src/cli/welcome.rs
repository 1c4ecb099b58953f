//! What the first start says, once.

use watchword_domain::Services;
use watchword_domain::bootstrap::Created;
use watchword_kit::Secret;

use crate::config::Config;

/// The first-run block: where everything is, the secrets, and what to do next.
pub fn first_run(config: &Config, services: &Services, made: &Created, ada: Option<&Secret<String>>) -> String {
    let settings = &services.settings;
    let (url, issuer) = (&settings.public_url, settings.issuer());
    let ada = match ada {
        Some(password) => format!("\n  Sample user  ada, password {}", password.reveal()),
        None => String::new(),
    };
    let inbox = if settings.demo { format!("\n  Inbox        {url}/dev/inbox") } else { String::new() };
    let plain = match (url.starts_with("https://"), config.listen.ip().is_loopback()) {
        (true, _) => "",
        (false, true) => {
            "\nThis is plain HTTP for this machine only. For others: --listen with TLS (tls.cert, tls.key) or behind a \
             proxy (trusted_proxies), and --public-url.\n"
        }
        (false, false) => "\nThis is plain HTTP: passwords and codes cross the network readable.\n",
    };
    format!(
        r#"watchword {version}: first start

  Server       {url}
  API          {url}/docs{inbox}
  Issuer       {issuer}
  Discovery    {issuer}/.well-known/openid-configuration
  Data         {data}{ada}

For the SDKs; the secrets are shown this once:

  export WATCHWORD_HOST={url}
  export USER_POOL_ID={pool}
  export ACCESS_KEY_ID={key}
  export ACCESS_KEY_SECRET={key_secret}
  export APP_ID={app}
  export APP_SECRET={app_secret}
{plain}
Next, with these variables set:

  # a token for the management API
  TOKEN=$(curl -s $WATCHWORD_HOST/api/v3/get-management-token -H 'content-type: application/json' \
    -d '{{"accessKeyId":"'$ACCESS_KEY_ID'","accessKeySecret":"'$ACCESS_KEY_SECRET'"}}' \
    | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  # a user
  curl -s $WATCHWORD_HOST/api/v3/create-user -H "authorization: $TOKEN" -H 'content-type: application/json' \
    -d '{{"username":"ada","password":"correct horse battery staple"}}'
  # the secret of the authenticator app that this user has already
  curl -s $WATCHWORD_HOST/api/v3/import-otp -H "authorization: $TOKEN" -H 'content-type: application/json' \
    -d '{{"list":[{{"userId":"…","otp":{{"secret":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}}}]}}'

"#,
        version = env!("CARGO_PKG_VERSION"),
        data = config.data_dir.display(),
        pool = made.user_pool_id,
        key = made.access_key_id,
        key_secret = made.access_key_secret.reveal(),
        app = made.app_id,
        app_secret = made.app_secret.reveal(),
    )
}
