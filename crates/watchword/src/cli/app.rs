//! `watchword app`: applications.

use clap::Subcommand;
use serde_json::{Value, json};
use watchword_api::app::{AppIdQuery, AppIdReq, AppType, Application, CreateApplicationReq, ListApplicationsQuery};
use watchword_domain::app;
use watchword_domain::{Audit, Ctx};
use watchword_kit::Error;

use super::failure::{Failure, Outcome};
use super::print::Output;
use super::{Shell, Target, print};

/// Rows that `list` reads at once.
const PAGE: i64 = 50;

#[derive(Debug, Subcommand)]
pub enum AppCommand {
    /// Register an application and print what its OpenID Connect client needs
    Create {
        name: String,
        /// Where a sign-in may return; may be given several times
        #[arg(long = "redirect-uri", value_name = "URL")]
        redirect_uris: Vec<String>,
        /// Where a sign-out may return; may be given several times
        #[arg(long = "logout-uri", value_name = "URL")]
        logout_uris: Vec<String>,
        /// web, spa, native, api, mfa or mini-program
        #[arg(long = "type", value_name = "TYPE", default_value = "web")]
        app_type: String,
        /// A readable name, unique in the pool [default: made of the id]
        #[arg(long)]
        identifier: Option<String>,
        /// Other grants than authorization_code and refresh_token; may be given several times
        #[arg(long = "grant", value_name = "NAME")]
        grants: Vec<String>,
        /// Keeps no secret, as in a browser or on a phone: PKCE takes its place
        #[arg(long)]
        public: bool,
        /// Share single sign-on with the pool's other applications that do
        #[arg(long)]
        sso: bool,
        #[command(flatten)]
        target: Target,
    },
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Show an application; its secret is not among it
    Show {
        id: String,
        #[command(flatten)]
        target: Target,
    },
    /// Print the client secret, which leaves a row in the audit trail
    Secret {
        id: String,
        /// Make a new one; the old one is refused at once
        #[arg(long, requires = "yes")]
        rotate: bool,
        #[arg(long)]
        yes: bool,
        #[command(flatten)]
        target: Target,
    },
}

pub async fn run(shell: &Shell, command: AppCommand) -> Outcome {
    match command {
        AppCommand::Create { name, redirect_uris, logout_uris, app_type, identifier, grants, public, sso, target } => {
            let known = AppType::parse(&app_type);
            let known = known.ok_or_else(|| Failure::usage(format!("{app_type}: no such type of application")))?;
            let mut oidc = json!({});
            if !grants.is_empty() {
                let usual = ["authorization_code", "refresh_token"].map(str::to_owned);
                oidc["grant_types"] = json!(usual.into_iter().chain(grants).collect::<Vec<_>>());
            }
            if public {
                oidc["token_endpoint_auth_method"] = "none".into();
            }
            let wish = json!({
                "appName": name, "appIdentifier": identifier, "appType": known, "redirectUris": redirect_uris,
                "logoutRedirectUris": logout_uris, "ssoEnabled": sso, "oidcConfig": oidc,
            });
            let ctx = target.ctx(shell, Audit::ApplicationCreate).await?;
            create(shell, &ctx, serde_json::from_value(wish).map_err(Error::internal)?, public).await
        }
        AppCommand::List { target } => list(shell, &target.ctx(shell, Audit::ApplicationUpdate).await?).await,
        AppCommand::Show { id, target } => {
            let ctx = target.ctx(shell, Audit::ApplicationUpdate).await?;
            show(shell, &app::get(&ctx, AppIdQuery { app_id: id }).await?)
        }
        AppCommand::Secret { id, rotate, target, .. } => {
            let action = if rotate { Audit::ApplicationSecretRefresh } else { Audit::ApplicationSecretRead };
            let ctx = target.ctx(shell, action).await?;
            let secret = match rotate {
                true => app::refresh_secret(&ctx, AppIdReq { app_id: id.clone() }).await?,
                false => app::read_secret(&ctx, AppIdQuery { app_id: id.clone() }).await?,
            };
            print::one(shell.output, "app", &[("appId", id), ("appSecret", secret.secret)]);
            Ok(())
        }
    }
}

async fn create(shell: &Shell, ctx: &Ctx, wish: CreateApplicationReq, public: bool) -> Outcome {
    let made = app::create(ctx, wish).await?;
    let mut members = vec![("appId", made.app_id.clone()), ("appIdentifier", made.app_identifier)];
    if !public {
        let reading = Ctx::system(ctx.services().clone(), ctx.pool().clone(), Audit::ApplicationSecretRead);
        members.push(("appSecret", app::read_secret(&reading, AppIdQuery { app_id: made.app_id }).await?.secret));
    }
    members.push(("issuer", ctx.settings.issuer()));
    print::one(shell.output, "app", &members);
    Ok(())
}

async fn list(shell: &Shell, ctx: &Ctx) -> Outcome {
    let mut rows = Vec::new();
    for page in 1.. {
        let query = ListApplicationsQuery { page: Some(page), limit: Some(PAGE), ..ListApplicationsQuery::default() };
        let found = app::list_simple_info(ctx, query).await?;
        rows.extend(
            found
                .list
                .into_iter()
                .map(|a| vec![a.app_id, a.app_identifier, a.app_type.as_str().to_owned(), a.app_name]),
        );
        if page * PAGE >= found.total_count {
            break;
        }
    }
    print::list(shell.output, "apps", &["id", "identifier", "type", "name"], &rows);
    Ok(())
}

/// As get-application has it; for people a line for each member.
fn show(shell: &Shell, app: &Application) -> Outcome {
    let value = serde_json::to_value(app).map_err(Error::internal)?;
    let members = value.as_object().into_iter().flatten();
    match shell.output {
        Output::Json => {
            let kind = ("kind".to_owned(), Value::from("app"));
            let object: serde_json::Map<_, _> =
                std::iter::once(kind).chain(members.map(|(name, value)| (name.clone(), value.clone()))).collect();
            println!("{}", Value::Object(object));
        }
        Output::Table => {
            let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let lines: Vec<(&str, String)> = members.map(|(name, value)| (name.as_str(), plain(value))).collect();
            print::one(Output::Table, "app", &lines);
        }
    }
    Ok(())
}
