//! `watchword openapi`: the document made from the operation table.

use clap::Args;

use super::failure::{Failure, Outcome};

#[derive(Debug, Args)]
pub struct OpenapiArgs {
    /// Print a Markdown table of all operations instead
    #[arg(long)]
    compatibility_table: bool,
}

pub fn run(args: &OpenapiArgs) -> Outcome {
    let ops = watchword_web::operations();
    if args.compatibility_table {
        print!("{}", watchword_web::openapi::compatibility_table(&ops));
        return Ok(());
    }
    // The document is the same for every installation; the server says its own address in `servers`.
    let document = watchword_web::openapi::document(&ops, "http://127.0.0.1:8000");
    let text = serde_json::to_string_pretty(&document).map_err(|e| Failure::server(e.to_string()))?;
    println!("{text}");
    Ok(())
}
