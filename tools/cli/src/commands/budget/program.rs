//! The daemon's file, as the board gets it.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde::Serialize;

use crate::error::{CliError, Kind};

/// Bytes of the header of an ELF file up to and with its machine, which the ELF specification puts at 18.
const HEADER_BYTES: usize = 20;
const MAGIC: &[u8] = b"\x7fELF";

/// A program and how large it is.
#[derive(Debug, Serialize)]
pub(super) struct Program {
    pub(super) bytes: u64,
    /// Processor that it is for.
    pub(super) architecture: &'static str,
}

impl Program {
    /// Looks at a file, and does not run it.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        let mut file = File::open(path).map_err(|error| CliError::file(path, &error))?;
        let bytes = file.metadata().map_err(|error| CliError::file(path, &error))?.len();
        let mut header = [0; HEADER_BYTES];
        let read = file.read_exact(&mut header);
        if read.is_err() || !header.starts_with(MAGIC) {
            let why = "no program of Linux; give the dunlind that the board gets";
            return Err(CliError::new(Kind::Failed, "not_a_program", why).of(path));
        }
        Ok(Self { bytes, architecture: architecture(header) })
    }
}

/// The field `e_machine`, whose byte order the sixth byte tells.
fn architecture(header: [u8; HEADER_BYTES]) -> &'static str {
    let machine = [header[18], header[19]];
    let machine = if header[5] == 2 { u16::from_be_bytes(machine) } else { u16::from_le_bytes(machine) };
    match machine {
        3 => "x86",
        40 => "arm",
        62 => "x86_64",
        183 => "aarch64",
        243 => "riscv",
        _ => "another",
    }
}
