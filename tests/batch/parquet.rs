//! Parquet files of the tests' own, by the crate's own reader and writer; and by pyarrow, where Python has it.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::Field;
use parquet::schema::parser::parse_message_type;
use serde_json::{Map, Value, json};

use crate::command::{desk, run};
use crate::place::tiny_json;

/// Rows of a row group: several of them, so that they are crossed.
const GROUP_ROWS: usize = 700;

/// Records of `tiny` with a name each.
pub(crate) fn write_records(path: &Path, rows: usize) {
    let schema = "message records { optional binary name (UTF8); required double age; required int64 visits;
        required binary colour (UTF8); required boolean member; optional double income; }";
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut writer = SerializedFileWriter::new(std::fs::File::create(path).unwrap(), schema, Arc::default()).unwrap();
    let numbers: Vec<usize> = (0..rows).collect();
    for numbers in numbers.chunks(GROUP_ROWS) {
        let records: Vec<Map<String, Value>> = numbers.iter().map(|number| tiny_json(*number)).collect();
        let real = |name: &str| records.iter().map(|r| r[name].as_f64().unwrap()).collect::<Vec<_>>();
        let names: Vec<ByteArray> = numbers.iter().map(|number| ByteArray::from(&*format!("k{number}"))).collect();
        let colours: Vec<ByteArray> = records.iter().map(|r| ByteArray::from(r["colour"].as_str().unwrap())).collect();
        let visits: Vec<i64> = records.iter().map(|r| r["visits"].as_i64().unwrap()).collect();
        let members: Vec<bool> = records.iter().map(|r| r["member"].as_bool().unwrap()).collect();
        let there = vec![1; numbers.len()];
        let mut group = writer.next_row_group().unwrap();
        let mut at = 0;
        while let Some(mut column) = group.next_column().unwrap() {
            match at {
                0 => column.typed::<ByteArrayType>().write_batch(&names, Some(&there), None),
                1 => column.typed::<DoubleType>().write_batch(&real("age"), None, None),
                2 => column.typed::<Int64Type>().write_batch(&visits, None, None),
                3 => column.typed::<ByteArrayType>().write_batch(&colours, None, None),
                4 => column.typed::<BoolType>().write_batch(&members, None, None),
                _ => column.typed::<DoubleType>().write_batch(&real("income"), Some(&there), None),
            }
            .unwrap();
            column.close().unwrap();
            at += 1;
        }
        group.close().unwrap();
    }
    writer.close().unwrap();
}

/// Rows as JSON objects.
pub(crate) fn read(path: &Path) -> Vec<Value> {
    let reader = SerializedFileReader::new(std::fs::File::open(path).unwrap()).unwrap();
    let cell = |field: &Field| match field {
        Field::Null => Value::Null,
        Field::Long(value) => json!(value),
        Field::Double(value) => json!(value),
        Field::Str(text) => json!(text),
        other => panic!("no cell of an output is {other:?}"),
    };
    let rows = reader.get_row_iter(None).unwrap();
    rows.map(|row| Value::Object(row.unwrap().get_column_iter().map(|(name, f)| (name.clone(), cell(f))).collect()))
        .collect()
}

/// Runs Python with pyarrow; `None`, aloud, where there is none. `DUNLIN_PYTHON` names another than `python3`.
fn pyarrow(script: &str, arguments: &[&Path]) -> Option<String> {
    let python = std::env::var("DUNLIN_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has = Command::new(&python).args(["-c", "import pyarrow.parquet"]).output();
    if !has.is_ok_and(|output| output.status.success()) {
        println!("skipped: {python} has no pyarrow; the crate's own reader is the only judge of Parquet files");
        return None;
    }
    let output = Command::new(&python).arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

#[test]
fn pyarrow_reads_what_is_written_and_what_pyarrow_writes_is_read() {
    let place = desk();
    let made = place.path("made.parquet");
    // Lists, dictionaries, other widths, nulls and zstd, as data frames have them.
    let write = "import sys, pyarrow as pa, pyarrow.parquet as pq
n = 2000
pq.write_table(pa.table({
    'name': pa.array([f'k{i}' for i in range(n)]).dictionary_encode(),
    'age': pa.array([20 + i % 50 for i in range(n)], pa.float32()),
    'visits': pa.array([i % 40 for i in range(n)], pa.int32()),
    'colour': pa.array([['red', 'green', 'blue'][i % 3] for i in range(n)]),
    'member': pa.array([i % 2 == 0 for i in range(n)]),
    'income': pa.array([None if i % 5 == 0 else 900.0 for i in range(n)]),
}), sys.argv[1], compression='zstd', row_group_size=300)";
    if pyarrow(write, &[&made]).is_none() {
        return;
    }
    let arguments = ["tiny.dunlin", "--input", "made.parquet", "--output", "out.parquet", "--carry", "name"];
    run(&place, &arguments).expect(0, &["2000 rows"]);
    let dump = "import sys, json, pyarrow.parquet as pq
for row in pq.read_table(sys.argv[1]).to_pylist(): print(json.dumps(row))";
    let said = pyarrow(dump, &[&place.path("out.parquet")]).unwrap();
    let by_pyarrow: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(by_pyarrow, read(&place.path("out.parquet")));
    assert_eq!(by_pyarrow.len(), 2_000);
    assert!(by_pyarrow.iter().all(|row| row["verdict"] != "refused"));
}

#[test]
fn a_parquet_file_that_is_cut_or_damaged_anywhere_is_an_error_with_its_name_and_never_a_crash() {
    let place = desk();
    let whole = place.path("whole.parquet");
    write_records(&whole, 2_000);
    let bytes = std::fs::read(&whole).unwrap();
    let refused = |damaged: Vec<u8>, what: &str| {
        std::fs::write(place.path("damaged.parquet"), damaged).unwrap();
        let arguments =
            ["tiny.dunlin", "--input", "damaged.parquet", "--output", "o.csv", "--carry", "name", "--force"];
        let ended = run(&place, &arguments);
        // A damaged value is a record like another, a damaged page is an error.
        assert!([0, 1].contains(&ended.code), "{what}: {}", ended.said);
        ended.expect(ended.code, if ended.code == 1 { &["damaged.parquet"] } else { &[] });
        ended.code
    };
    for share in [0, 3, 7, 9] {
        assert_eq!(refused(bytes[..bytes.len() * share / 10].to_vec(), "cut"), 1);
    }
    let mut failed = 0;
    for at in (4..bytes.len()).step_by(bytes.len() / 24) {
        let mut damaged = bytes.clone();
        damaged[at..].iter_mut().take(8).for_each(|byte| *byte ^= 0x5a);
        failed += refused(damaged, &format!("damaged at {at}"));
    }
    assert!(failed > 0, "some of it must matter");
}
