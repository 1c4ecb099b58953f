//! `watchword user export`.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Stdout, Write, stdout};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use watchword_api::user::DepartmentIdType;
use watchword_domain::user::export::{self, Wanted};
use watchword_domain::{Audit, Ctx};
use watchword_transfer::column;
use watchword_transfer::write::{Kind, Writer};

use super::super::failure::{Failure, Outcome};
use super::super::progress::Bar;
use super::super::{Shell, Target, print};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file to write, or - for standard output
    file: PathBuf,
    /// csv, xlsx or jsonl [default: as the file's name ends, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Write password hashes too: whoever has the file can try passwords on them
    #[arg(long)]
    with_password_hashes: bool,
    /// What departmentIds are written as: department_id, open_department_id or code
    #[arg(long, value_name = "TYPE", default_value = "department_id", value_parser = super::department_id_type)]
    department_id_type: DepartmentIdType,
    /// Replace the file where there is one
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    target: Target,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Xlsx,
    Jsonl,
}

impl ExportArgs {
    fn format(&self) -> Format {
        self.format.unwrap_or(match self.file.extension().and_then(|e| e.to_str()) {
            Some("xlsx") => Format::Xlsx,
            Some("jsonl" | "ndjson" | "json") => Format::Jsonl,
            _ => Format::Csv,
        })
    }
}

pub async fn run(shell: &Shell, args: ExportArgs) -> Outcome {
    let format = args.format();
    let piped = args.file.as_os_str() == "-";
    if piped && format == Format::Xlsx {
        return Err(Failure::usage("a workbook cannot go to standard output: name a file"));
    }
    if !piped && !args.force && args.file.exists() {
        return Err(Failure::refused(format!("{} is there already: add --force", args.file.display())));
    }
    let ctx = args.target.ctx(shell, Audit::UserExport).await?;
    let name = format!("{format:?}").to_lowercase();
    export::begin(&ctx, json!({ "format": name, "withPasswordHashes": args.with_password_hashes })).await?;
    if piped {
        write(&ctx, &args, format, Out::Pipe(BufWriter::new(stdout()))).await?;
        return Ok(());
    }
    // Under another name until it is whole.
    let part = beside(&args.file);
    let done = write(&ctx, &args, format, Out::File(BufWriter::new(created(&part)?))).await;
    let users = match done {
        Ok(users) => users,
        Err(e) => {
            let _ = std::fs::remove_file(&part);
            return Err(e);
        }
    };
    std::fs::rename(&part, &args.file).map_err(|e| Failure::server(format!("{}: {e}", args.file.display())))?;
    let members = [("file", args.file.display().to_string()), ("users", users.to_string())];
    print::one(shell.output, "userExport", &members);
    Ok(())
}

async fn write(ctx: &Ctx, args: &ExportArgs, format: Format, out: Out) -> Outcome<u64> {
    let kind = match format {
        Format::Csv => Kind::Csv,
        Format::Xlsx => Kind::Xlsx,
        Format::Jsonl => Kind::JsonLines,
    };
    let mut writer = Writer::begin(kind, out, column::written(args.with_password_hashes))?;
    let wanted = Wanted { password_hashes: args.with_password_hashes, department_id_type: args.department_id_type };
    let (mut bar, mut users, mut after) = (Bar::new(0), 0, Some(String::new()));
    while let Some(id) = after {
        let mut tx = ctx.scan().await?;
        let (list, next) = export::page(&mut tx, ctx, &id, export::MAX_PAGE, wanted).await?;
        drop(tx);
        for user in &list {
            writer.user(user)?;
        }
        users += list.len() as u64;
        bar.show(users, None);
        after = next;
    }
    bar.clear();
    writer.finish()?.sync().map_err(|e| Failure::server(format!("{}: {e}", args.file.display())))?;
    Ok(users)
}

fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// People's data: for nobody else to read.
fn created(path: &Path) -> Outcome<File> {
    let mut options = OpenOptions::new();
    let options = options.create(true).truncate(true).write(true).mode(0o600);
    options.open(path).map_err(|e| Failure::usage(format!("{}: {e}", path.display())))
}

/// A file, or a pipe, in which nobody can go back.
enum Out {
    File(BufWriter<File>),
    Pipe(BufWriter<Stdout>),
}

impl Out {
    fn sync(self) -> io::Result<()> {
        match self {
            Out::File(file) => file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all(),
            Out::Pipe(mut pipe) => pipe.flush(),
        }
    }
}

impl Write for Out {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        match self {
            Out::File(file) => file.write(data),
            Out::Pipe(pipe) => pipe.write(data),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Out::File(file) => file.flush(),
            Out::Pipe(pipe) => pipe.flush(),
        }
    }
}

impl Seek for Out {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Out::File(file) => file.seek(to),
            Out::Pipe(_) => Err(io::Error::from(io::ErrorKind::Unsupported)),
        }
    }
}
