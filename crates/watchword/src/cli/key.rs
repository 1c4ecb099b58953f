//! `watchword key`: management access keys.

use clap::Subcommand;
use watchword_api::access_key::{CreateAccessKeyReq, DeleteAccessKeyReq, ListAccessKeysQuery};
use watchword_domain::Audit;
use watchword_domain::access_key::{self, POOL_KEY};

use super::failure::{Failure, Outcome};
use super::{Shell, Target, print};

#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make a key with the permissions named; its secret is shown once
    Create {
        /// Such as user:read; may be given several times
        #[arg(long = "permission", value_name = "NAME")]
        permissions: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    List {
        #[command(flatten)]
        target: Target,
    },
    /// Delete a key; whoever uses it is refused at once
    Delete {
        id: String,
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        yes: bool,
    },
    /// Give a key a new secret, shown once; the old one is refused at once
    Rotate {
        id: String,
        #[command(flatten)]
        target: Target,
        #[arg(long)]
        yes: bool,
    },
}

pub async fn run(shell: &Shell, command: KeyCommand) -> Outcome {
    match command {
        KeyCommand::Create { permissions, target } => create(shell, &target, permissions).await,
        KeyCommand::List { target } => list(shell, &target).await,
        KeyCommand::Delete { id, target, yes } => {
            confirmed(yes, &id)?;
            let ctx = target.ctx(shell, Audit::AccessKeyDelete).await?;
            access_key::delete(&ctx, DeleteAccessKeyReq { access_key_id: id.clone() }).await?;
            print::one(shell.output, "accessKey", &[("deleted", id)]);
            Ok(())
        }
        KeyCommand::Rotate { id, target, yes } => {
            confirmed(yes, &id)?;
            let ctx = target.ctx(shell, Audit::AccessKeyUpdate).await?;
            let secret = access_key::rotate(&ctx, &id).await?;
            let members = [("accessKeyId", id), ("accessKeySecret", secret.reveal().clone())];
            print::one(shell.output, "accessKey", &members);
            Ok(())
        }
    }
}

async fn create(shell: &Shell, target: &Target, permissions: Vec<String>) -> Outcome {
    let ctx = target.ctx(shell, Audit::AccessKeyCreate).await?;
    let permissions = Some(permissions);
    let req = CreateAccessKeyReq { kind: POOL_KEY.into(), user_id: None, tenant_id: None, permissions };
    for key in access_key::create(&ctx, req).await? {
        let members = [("accessKeyId", key.access_key_id), ("accessKeySecret", key.access_key_secret)];
        print::one(shell.output, "accessKey", &members);
    }
    Ok(())
}

async fn list(shell: &Shell, target: &Target) -> Outcome {
    let ctx = target.ctx(shell, Audit::AccessKeyUpdate).await?;
    let keys = access_key::list(&ctx, ListAccessKeysQuery::default()).await?;
    let rows: Vec<_> = keys
        .into_iter()
        .map(|k| vec![k.access_key_id, k.user_id.unwrap_or_default(), k.status.to_string(), k.created_at])
        .collect();
    print::list(shell.output, "accessKeys", &["id", "user", "status", "created"], &rows);
    Ok(())
}

fn confirmed(yes: bool, id: &str) -> Outcome {
    if yes { Ok(()) } else { Err(Failure::usage(format!("programs that use {id} stop working: add --yes"))) }
}
