//! `watchword user import`.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use tokio::sync::mpsc;
use watchword_api::job::{ImportExisting, ImportJob, ImportMatch};
use watchword_api::user::DepartmentIdType;
use watchword_crypto::hash::Sha256;
use watchword_domain::job::{self, Counts, MAX_PROBLEMS, New, Problem, Runner, Running};
use watchword_domain::user::import::{self, MAX_ATOMIC, Options, Seen};
use watchword_domain::{Audit, Ctx};
use watchword_kit::{Error, Lang, Result};
use watchword_transfer::foreign::auth0::Hashes;
use watchword_transfer::format::Format;
use watchword_transfer::hash::{DIGESTS, Style, firebase_project};
use watchword_transfer::mapping::{Mapping, Unknown};
use watchword_transfer::source::{self, Progress};
use watchword_transfer::{Entry, hash};

use super::super::failure::{Failure, Outcome};
use super::super::print::{self, Output};
use super::super::progress::Bar;
use super::super::{Shell, Target, secret_from};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// The file
    file: PathBuf,
    /// csv, xlsx, jsonl, keycloak, auth0, firebase or genauth [default: told by the file itself]
    #[arg(long, value_parser = format)]
    format: Option<Format>,
    /// A column and what it means: "E-Mail=email", "Team=customData.team", "Notes=-" to pass it over
    #[arg(long = "map", value_name = "FROM=TO", value_parser = rule)]
    map: Vec<(String, String)>,
    /// What happens to other unknown columns
    #[arg(long, value_enum, default_value_t)]
    unknown: UnknownArg,
    /// Between the cells of CSV [default: told by the header]
    #[arg(long, value_name = "CHAR", value_parser = separator)]
    separator: Option<u8>,
    /// Sheet of a workbook [default: the first]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    /// By what users are looked for, one after the other: userId, externalId, username, email, phone
    #[arg(long, value_name = "FIELD", value_delimiter = ',', value_parser = match_by)]
    match_by: Vec<ImportMatch>,
    /// What happens to users who are there already: update, keep or fail
    #[arg(long, default_value = "update", value_parser = existing)]
    existing: ImportExisting,
    /// What departmentIds hold: department_id, open_department_id, code, sync_relation (PROVIDER:ID) or custom_field (KEY:VALUE)
    #[arg(long, value_name = "TYPE", default_value = "department_id", value_parser = super::department_id_type)]
    department_id_type: DepartmentIdType,
    /// Give new users the userId of the file
    #[arg(long)]
    keep_ids: bool,
    /// Replace passwords that users have already
    #[arg(long)]
    overwrite_passwords: bool,
    /// How password hashes are meant: auto, django, or with a column passwordSalt md5, md5-salt-first, sha1, sha256, sha512
    #[arg(long, value_name = "STYLE", default_value = "auto", value_parser = style)]
    hash_style: HashStyle,
    /// File with the password hash parameters of a Firebase project, as its console shows them
    #[arg(long, value_name = "FILE")]
    firebase_config: Option<PathBuf>,
    /// The file of password hashes that belongs to an Auth0 export
    #[arg(long, value_name = "FILE")]
    auth0_hashes: Option<PathBuf>,
    /// Print the report and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Write nothing at all when one row cannot be; at most 10,000 rows
    #[arg(long)]
    all_or_nothing: bool,
    /// Begin anew, also when an import of this file was broken off
    #[arg(long)]
    no_resume: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum UnknownArg {
    /// Stop and name them
    #[default]
    Refuse,
    /// Pass them over
    Skip,
    /// Make them custom data
    Custom,
}

#[derive(Clone, Copy, Debug)]
enum HashStyle {
    Auto,
    Django,
    Digest(&'static str),
}

type Parsed<T> = std::result::Result<T, String>;

fn format(name: &str) -> Parsed<Format> {
    let names: Vec<&str> = Format::ALL.iter().map(|f| f.name()).collect();
    Format::parse(name).ok_or_else(|| format!("one of {}", names.join(", ")))
}

fn rule(text: &str) -> Parsed<(String, String)> {
    let (from, to) = text.rsplit_once('=').ok_or("FROM=TO")?;
    Ok((from.to_owned(), to.trim().to_owned()))
}

fn separator(text: &str) -> Parsed<u8> {
    match text {
        "tab" | "\\t" => Ok(b'\t'),
        _ => match text.as_bytes() {
            [one] if one.is_ascii() && !matches!(one, b'"' | b'\n' | b'\r') => Ok(*one),
            _ => Err("one character, or tab".into()),
        },
    }
}

fn match_by(name: &str) -> Parsed<ImportMatch> {
    ImportMatch::parse(name).ok_or_else(|| "one of userId, externalId, username, email, phone".into())
}

fn existing(name: &str) -> Parsed<ImportExisting> {
    ImportExisting::parse(name).ok_or_else(|| "one of update, keep, fail".into())
}

fn style(name: &str) -> Parsed<HashStyle> {
    match name {
        "auto" => Ok(HashStyle::Auto),
        "django" => Ok(HashStyle::Django),
        _ => DIGESTS
            .iter()
            .find(|d| **d == name)
            .map(|d| HashStyle::Digest(d))
            .ok_or_else(|| format!("one of auto, django, {}", DIGESTS.join(", "))),
    }
}

impl ImportArgs {
    fn source(&self) -> Outcome<source::Options> {
        let unknown = match self.unknown {
            UnknownArg::Refuse => Unknown::Refuse,
            UnknownArg::Skip => Unknown::Skip,
            UnknownArg::Custom => Unknown::Custom,
        };
        let hashes = match (&self.firebase_config, self.hash_style) {
            (Some(path), _) => Style::Firebase(Box::new(firebase_project(secret_from(path)?.reveal())?)),
            (None, HashStyle::Auto) => hash::Style::Auto,
            (None, HashStyle::Django) => Style::Django,
            (None, HashStyle::Digest(name)) => Style::Digest(name),
        };
        let auth0_hashes = match &self.auth0_hashes {
            None => None,
            Some(path) => Some(Hashes::read(BufReader::new(opened(path)?))?),
        };
        Ok(source::Options {
            format: self.format,
            separator: self.separator,
            sheet: self.sheet.clone(),
            mapping: Mapping::new(&self.map, unknown)?,
            hashes,
            auth0_hashes,
        })
    }

    fn options(&self) -> Options {
        Options {
            existing: self.existing,
            match_by: self.match_by.clone(),
            department_id_type: self.department_id_type,
            keep_user_ids: self.keep_ids,
            overwrite_passwords: self.overwrite_passwords,
            all_or_nothing: self.all_or_nothing,
        }
    }

    /// What makes two runs the same import: the files and everything that changes what their rows mean.
    fn digest(&self) -> Outcome<String> {
        let mut digest = Sha256::default();
        for path in [Some(&self.file), self.firebase_config.as_ref(), self.auth0_hashes.as_ref()].into_iter().flatten()
        {
            let mut file = opened(path)?;
            let mut buffer = vec![0; 1 << 16];
            loop {
                match file.read(&mut buffer) {
                    Ok(0) => break,
                    Ok(n) => digest.update(&buffer[..n]),
                    Err(e) => return Err(cannot_read(path, &e)),
                }
            }
            digest.update(b"\0");
        }
        let ImportArgs { format, map, unknown, separator, sheet, hash_style, .. } = self;
        let meant = format!("{format:?}{map:?}{unknown:?}{separator:?}{sheet:?}{hash_style:?}{:?}", self.options());
        digest.update(meant.as_bytes());
        Ok(digest.hex())
    }
}

fn opened(path: &Path) -> Outcome<File> {
    File::open(path).map_err(|e| cannot_read(path, &e))
}

fn cannot_read(path: &Path, e: &std::io::Error) -> Failure {
    Failure::usage(format!("{}: {e}", path.display()))
}

/// A chunk of the file, or why there is no more.
type Part = Result<Vec<Entry>>;

pub async fn run(shell: &Shell, args: ImportArgs) -> Outcome {
    let (source, options) = (Arc::new(args.source()?), args.options());
    let size = std::fs::metadata(&args.file).map_err(|e| cannot_read(&args.file, &e))?.len();
    source::format_of(&args.file, &source)?;
    let ctx = args.target.ctx(shell, Audit::UserImport).await?;
    let progress = Progress::default();
    let mut parts = spawn(args.file.clone(), source, progress.clone(), options.chunk_size());
    let part = |progress: &Progress| (size > 0).then(|| progress.bytes() as f64 / size as f64);

    let mut first = parts.recv().await;
    if options.all_or_nothing && matches!(first, Some(Ok(_))) {
        match parts.recv().await {
            None => {}
            Some(Err(e)) => return Err(e.into()),
            Some(Ok(_)) => {
                let many = format!("more than {MAX_ATOMIC} rows cannot be all or nothing: use --dry-run first");
                return Err(Failure::usage(many));
            }
        }
    }
    if let Some(Err(e)) = first {
        return Err(e.into());
    }
    let mut run = match args.dry_run {
        true => Run::Dry(Counts::default(), Vec::new()),
        false => Run::Job(Box::new(begin(&ctx, &args).await?)),
    };
    let before = run.position();
    if before > 0 {
        eprintln!("watchword: going on behind row {before}");
    }
    let (mut bar, mut seen, mut rows, mut broken) = (Bar::new(before), Seen::default(), 0, None);
    while let Some(next) = match first.take() {
        Some(part) => Some(part),
        None => parts.recv().await,
    } {
        let entries = match next {
            Ok(entries) => entries,
            Err(e) => {
                broken = Some(e);
                break;
            }
        };
        let ctx = Ctx::system(ctx.services().clone(), ctx.pool().clone(), Audit::UserImport);
        rows += entries.len() as u64;
        if rows <= before {
            import::skip(&ctx, &mut seen, entries);
        } else if let Err(e) = run.chunk(&ctx, &options, &mut seen, entries).await {
            bar.clear();
            return Err(e.into());
        }
        bar.show(rows, part(&progress));
    }
    bar.clear();
    let report = run.end(&ctx, broken.as_ref()).await?;
    show(shell.output, &report, &args.file);
    match broken {
        Some(e) => Err(e.into()),
        None if report.failed == 0 => Ok(()),
        None if options.all_or_nothing => {
            Err(Failure::refused(format!("nothing was imported: {} rows could not be", report.failed)))
        }
        None => Err(Failure::partial(format!("{} rows could not be", report.failed))),
    }
}

/// Where the rows go.
enum Run {
    Dry(Counts, Vec<Problem>),
    Job(Box<Running>),
}

impl Run {
    fn position(&self) -> u64 {
        match self {
            Run::Dry(..) => 0,
            Run::Job(running) => running.position(),
        }
    }

    async fn chunk(&mut self, ctx: &Ctx, options: &Options, seen: &mut Seen, rows: Vec<Entry>) -> Result<()> {
        match self {
            Run::Job(running) => import::chunk(ctx, options, seen, rows, import::Target::Job(running)).await.map(drop),
            Run::Dry(counts, problems) => {
                let done = import::chunk(ctx, options, seen, rows, import::Target::Dry).await?;
                *counts = counts.plus(done.counts);
                let room = MAX_PROBLEMS - problems.len();
                problems.extend(done.problems.into_iter().take(room));
                Ok(())
            }
        }
    }

    async fn end(self, ctx: &Ctx, broken: Option<&Error>) -> Outcome<ImportJob> {
        match self {
            Run::Dry(counts, problems) => Ok(job::told(counts, problems.iter().map(|p| p.shown(Lang::En)).collect())),
            Run::Job(mut running) => {
                let ctx = Ctx::system(ctx.services().clone(), ctx.pool().clone(), Audit::UserImport);
                if !running.is_over() {
                    running.end(&ctx, broken).await?;
                }
                let mut tx = ctx.read().await?;
                Ok(running.report(&mut tx, &ctx).await?)
            }
        }
    }
}

/// Takes over the unfinished job of this file, or begins one.
async fn begin(ctx: &Ctx, args: &ImportArgs) -> Outcome<Running> {
    let digest = args.digest()?;
    let mut tx = ctx.write().await?;
    let unfinished = match args.no_resume {
        true => None,
        false => job::unfinished(&mut tx, ctx, &digest).await?,
    };
    let running = match unfinished {
        Some(job) => Running::take_over(&mut tx, ctx, job).await?,
        None => {
            let name = args.file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let options = serde_json::to_string(&args.options()).map_err(Error::internal)?;
            let new = New { runner: Runner::Cli, source: &name, digest: &digest, options, total: None };
            Running::start(&mut tx, ctx, new).await?
        }
    };
    ctx.commit(tx, json!({ "jobId": running.id(), "rows": running.position(), "begun": true })).await?;
    Ok(running)
}

/// Reads the file in a thread of its own, a few chunks ahead.
fn spawn(file: PathBuf, options: Arc<source::Options>, progress: Progress, size: usize) -> mpsc::Receiver<Part> {
    let (send, parts) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut chunk = Vec::with_capacity(size.min(1_000));
        let mut each = |entry| {
            chunk.push(entry);
            chunk.len() < size || send.blocking_send(Ok(std::mem::take(&mut chunk))).is_ok()
        };
        let read = source::read(&file, &options, &progress, &mut each);
        if !chunk.is_empty() {
            let _ = send.blocking_send(Ok(chunk));
        }
        if let Err(e) = read {
            let _ = send.blocking_send(Err(e));
        }
    });
    parts
}

fn show(output: Output, report: &ImportJob, file: &Path) {
    let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    if output == Output::Json {
        let mut shown = json!({ "kind": "userImport" });
        if let (Some(shown), Ok(serde_json::Value::Object(report))) =
            (shown.as_object_mut(), serde_json::to_value(report))
        {
            shown.extend(report);
            shown.insert("source".into(), name.into());
        }
        println!("{shown}");
        return;
    }
    let mut members = vec![
        ("source", name),
        ("rows", report.processed.to_string()),
        ("created", report.created.to_string()),
        ("updated", report.updated.to_string()),
        ("unchanged", report.unchanged.to_string()),
        ("kept", report.kept.to_string()),
        ("failed", report.failed.to_string()),
    ];
    members.extend(report.job_id.clone().map(|id| ("job", id)));
    print::one(output, "userImport", &members);
    if !report.problems.is_empty() {
        let rows = report.problems.iter().map(|p| vec![p.line.to_string(), p.field.clone(), p.message.clone()]);
        println!();
        print::list(output, "problems", &["line", "field", "problem"], &rows.collect::<Vec<_>>());
    }
    if report.problems_omitted > 0 {
        println!("and {} more", report.problems_omitted);
    }
}
