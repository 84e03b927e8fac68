//! The emulated cores, one for each instruction set of our kernels, and what their system tells of them.

use std::fs;
use std::path::Path;

/// A core as qemu knows it.
pub(super) struct Core {
    pub(super) name: &'static str,
    /// As qemu's `-cpu` takes it.
    pub(super) model: &'static str,
    /// The best of our instruction sets that it has.
    pub(super) isa: &'static str,
    /// What /proc/cpuinfo says of it: some libraries look there, and would find the host's.
    features: &'static str,
    part: &'static str,
}

pub(super) const CORES: &[Core] = &[
    Core { name: "cortex-a72", model: "cortex-a72", isa: "neon", features: "", part: "0xd08" },
    Core {
        name: "neoverse-n1",
        model: "neoverse-n1",
        isa: "dotprod",
        features: " fphp asimdhp asimdrdm lrcpc dcpop asimddp",
        part: "0xd0c",
    },
    Core {
        name: "max without SVE and SME",
        model: "max,sve=off,sme=off",
        isa: "i8mm",
        features: " fphp asimdhp asimdrdm lrcpc dcpop asimddp asimdfhm i8mm bf16",
        part: "0xd4d",
    },
];

impl Core {
    /// Writes the files of /proc and /sys that an emulated program is to see in place of the host's.
    pub(super) fn write_prefix(&self, folder: &Path) -> Result<(), String> {
        let features = self.features;
        let cpuinfo = format!(
            "processor\t: 0\nBogoMIPS\t: 50.00\nFeatures\t: \
             fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics cpuid{features}\n\
             CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: {}\nCPU revision\t: 0\n\n",
            self.part,
        );
        let cpus = "sys/devices/system/cpu";
        for (file, text) in [
            ("proc/cpuinfo".to_owned(), cpuinfo.as_str()),
            (format!("{cpus}/possible"), "0\n"),
            (format!("{cpus}/present"), "0\n"),
            (format!("{cpus}/online"), "0\n"),
            (format!("{cpus}/kernel_max"), "0\n"),
        ] {
            let path = folder.join(file);
            let made = path.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&path, text));
            made.map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}
