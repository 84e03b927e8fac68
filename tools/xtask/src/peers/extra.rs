//! Beside the contest: what a call costs on a model that does nothing, and an encoder beside ONNX Runtime alone.

use std::path::{Path, PathBuf};

use super::engine::Engine;
use super::prepare::Prepared;
use super::rounds::Series;
use crate::process::keep;

const ROUNDS: usize = 15;

/// CPU time of a call, by engine.
pub(super) fn overhead(prepared: &Prepared<'_>) -> Result<String, String> {
    let [onnx, tflite] = ["nothing.onnx", "nothing.tflite"].map(|name| prepared.made(name));
    keep(prepared.python("nothing.py").arg(&onnx).arg(&tflite))?;
    let mut table = "| engine | ns |\n|---|---|\n".to_owned();
    for (name, engine, model) in [("ONNX Runtime", "onnxruntime", onnx), ("LiteRT", "litert", tflite)] {
        let [series] = rounds([Engine::start(&mut prepared.peer(engine, &model))?])?;
        table += &format!("| {name} | {:.0} |\n", series.median());
    }
    Ok(table)
}

/// The encoder in f32 and, by Dunlin, with dynamic int8.
pub(super) fn encoder(prepared: &Prepared<'_>) -> Result<String, String> {
    let onnx = prepared.made("encoder.onnx");
    keep(prepared.python("encoder.py").arg(&onnx))?;
    let mut table = "| precision | ONNX Runtime f32, ms | Dunlin, ms | ratio |\n|---|---|---|---|\n".to_owned();
    for (precision, quantize) in [("f32", None), ("dynamic int8", Some("dynamic"))] {
        let engines = || -> Result<[Engine; 2], String> {
            let bundle = imported(prepared, &onnx, quantize)?;
            let theirs = Engine::start(&mut prepared.peer("onnxruntime", &onnx))?;
            Ok([theirs, Engine::start(prepared.bench_of(&bundle).arg("--bursts"))?])
        };
        table += &match engines().and_then(rounds) {
            Ok([theirs, ours]) => {
                let ratio = ours.ratio_to(&theirs);
                format!("| {precision} | {:.1} | {:.1} | {ratio:.2} |\n", theirs.median() / 1e6, ours.median() / 1e6)
            }
            Err(why) => {
                println!("encoder, {precision}: {why}");
                format!("| {precision} | - | - | - |\n")
            }
        };
    }
    Ok(table)
}

fn imported(prepared: &Prepared<'_>, onnx: &Path, quantize: Option<&str>) -> Result<PathBuf, String> {
    let bundle = prepared.made(&format!("encoder-{}.dunlin", quantize.unwrap_or("f32")));
    prepared.import_file(onnx, &bundle, quantize)?;
    Ok(bundle)
}

fn rounds<const N: usize>(mut engines: [Engine; N]) -> Result<[Series; N], String> {
    let mut series = [(); N].map(|()| Series::default());
    for _ in 0..ROUNDS {
        for (engine, series) in engines.iter_mut().zip(&mut series) {
            series.0.push(engine.burst()?);
        }
    }
    Ok(series)
}
