//! Workbooks as spreadsheets write them, and as nobody should.

use std::io::{Cursor, Write};

use serde_json::Value;
use watchword_kit::Lang;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const WORKBOOK: &str = r#"<workbook xmlns:r="r"><sheets><sheet name="People &amp; co" sheetId="1" r:id="rId1"/><sheet name="Other" sheetId="2" r:id="rId2"/></sheets></workbook>"#;
const RELS: &str = r#"<Relationships><Relationship Id="rId2" Target="/xl/worksheets/other.xml"/><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>"#;

fn workbook(parts: &[(&str, &str)]) -> Cursor<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in [("xl/workbook.xml", WORKBOOK), ("xl/_rels/workbook.xml.rels", RELS)].iter().chain(parts) {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap()
}

fn rows(file: Cursor<Vec<u8>>, sheet: Option<&str>) -> Result<Vec<String>> {
    let mut out = Vec::new();
    read(file, sheet, &mut |names| (!names.is_empty()).then_some(()).ok_or_else(damaged), &mut |entry| {
        out.push(match entry.fields {
            Ok(o) => format!("{} {}", entry.line, Value::Object(o)),
            Err(e) => format!("{} {}", entry.line, e.message(Lang::En)),
        });
        true
    })
    .map(|()| out)
}

#[test]
fn shared_inline_and_calculated_cells_numbers_and_gaps_are_read() {
    let strings = "<sst><si><t>name</t></si><si><t>phone</t></si><si><r><t>Ada </t></r><r><t>&lt;L&gt;&#33;</t></r><rPh><t>x</t></rPh></si><si/></sst>";
    let sheet = r#"<worksheet><sheetData>
        <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c><c r="C1" t="inlineStr"><is><t>ok</t></is></c></row>
        <row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3"><v>1.3800138E10</v></c><c r="C3" t="b"><v>1</v></c></row>
        <row r="4"/>
        <row r="5"><c r="B5" t="str"><f>1+1</f><v>a_x000D_b</v></c><c r="C5" t="e"><v>#N/A</v></c><c r="E5"><v>7</v></c></row>
    </sheetData></worksheet>"#;
    let file = workbook(&[("xl/sharedStrings.xml", strings), ("xl/worksheets/sheet1.xml", sheet)]);
    assert_eq!(
        rows(file, Some("People & co")).unwrap(),
        [r#"3 {"name":"Ada <L>!","phone":"13800138000","ok":"true"}"#, "5 row: has 5 cells, the header 3",]
    );
}

#[test]
fn what_is_no_workbook_is_refused_and_a_bomb_does_not_unpack() {
    let none = Cursor::new(b"PK\x03\x04 and no more".to_vec());
    assert!(rows(none, None).is_err());
    assert!(rows(workbook(&[]), Some("Nobody")).unwrap_err().message(Lang::En).contains("People & co, Other"));
    let bomb = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(50 << 20));
    let sheet = "<worksheet><sheetData><row r=\"1\"><c t=\"s\"><v>0</v></c></row></sheetData></worksheet>";
    assert!(rows(workbook(&[("xl/sharedStrings.xml", &bomb), ("xl/worksheets/sheet1.xml", sheet)]), None).is_err());
    let entity = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><worksheet/>";
    assert!(rows(workbook(&[("xl/worksheets/sheet1.xml", entity)]), None).is_err());
}

#[test]
fn references_are_columns() {
    assert_eq!(
        [column_of("A1"), column_of("Z9"), column_of("AB7"), column_of("7")],
        [Some(0), Some(25), Some(27), None]
    );
}
