//! `watchword user`.

mod export;
mod import;

use clap::Subcommand;
use watchword_api::user::DepartmentIdType;
use watchword_domain::{Audit, break_glass};

use super::failure::{Failure, Outcome};
use super::{Shell, Target, print};

#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Import users from CSV, XLSX, JSON lines, or an export of Keycloak, Auth0, Firebase or GenAuth
    ///
    /// Rows are matched by userId, else by the first they have of externalId, username, email and phone, so a second
    /// run makes nobody twice. What was broken off goes on where it stood when the same command is given again. Exit
    /// code 6: done, but for the rows in the report.
    Import(Box<import::ImportArgs>),
    /// Export all users to CSV, XLSX or JSON lines, which import reads back
    Export(export::ExportArgs),
    /// Remove every second factor of a user who has lost them (works without a running server)
    ///
    /// Also removes the recovery code, opens locks and ends the user's sessions. Recorded in the audit trail.
    ResetMfa {
        /// User id, user name, e-mail address or phone number
        user: String,
        /// Why; kept in the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        target: Target,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

fn department_id_type(name: &str) -> Result<DepartmentIdType, String> {
    let known = || "one of department_id, open_department_id, code, sync_relation, custom_field".into();
    DepartmentIdType::parse(name).ok_or_else(known)
}

pub async fn run(shell: &Shell, command: UserCommand) -> Outcome {
    let (user, reason, target, yes) = match command {
        UserCommand::Import(args) => return import::run(shell, *args).await,
        UserCommand::Export(args) => return export::run(shell, args).await,
        UserCommand::ResetMfa { user, reason, target, yes } => (user, reason, target, yes),
    };
    if !yes {
        return Err(Failure::usage(format!("this removes every second factor of {user}: add --yes")));
    }
    let ctx = target.ctx(shell, Audit::BreakGlass).await?;
    let done = break_glass::reset_mfa(&ctx, &user, &reason).await?;
    let members = [
        ("userId", done.user_id),
        ("factorsRemoved", done.factors.to_string()),
        ("sessionsEnded", done.sessions.to_string()),
    ];
    print::one(shell.output, "mfaReset", &members);
    Ok(())
}
