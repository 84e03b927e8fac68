//! The image that the emulator boots: the board's root file system as an archive, and on top of it what differs from one start
//! to the next.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::factory::Factory;

/// What a start is to be like.
#[derive(Clone, Copy)]
pub(crate) struct Scene {
    /// File of samples that the sensor plays.
    pub(crate) samples: &'static str,
    /// Seconds after which the daemon is ended in order; long for one that is shot.
    pub(crate) seconds: u64,
    /// Port of the receiver on the host's loopback.
    pub(crate) port: u16,
}

/// Most memory that the daemon may have.
const LIMIT: &str = "32M";

/// Writes the archive for one start: the root file system, and the daemon's configuration, bundle, samples and script.
pub(crate) fn build(parts: &Path, factory: &Factory, scene: Scene, work: &Path) -> PathBuf {
    let layer = work.join("layer");
    let _ = fs::remove_dir_all(&layer);
    fs::create_dir_all(layer.join("etc")).unwrap();
    for (from, to) in [
        ("team.pub", "etc/team.pub"),
        ("first.dunlin", "etc/vibration.dunlin"),
        ("channel/root/1.json", "etc/root.json"),
        (scene.samples, "etc/samples.txt"),
    ] {
        fs::copy(factory.path(from), layer.join(to)).unwrap();
    }
    fs::write(layer.join("etc/dunlind.toml"), configuration(scene.port)).unwrap();
    fs::write(layer.join("etc/run"), script(scene.seconds)).unwrap();
    let image = work.join("init.gz");
    fs::copy(parts.join("root.cpio.gz"), &image).unwrap();
    // Archives one behind the other are one to the kernel.
    let target = File::options().append(true).open(&image).unwrap();
    let archive = "find . -mindepth 1 | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet | gzip -n -1";
    let mut command = Command::new("sh");
    let archived = command.args(["-c", archive]).current_dir(&layer).stdout(Stdio::from(target)).status().unwrap();
    assert!(archived.success());
    image
}

/// As in docs/boards.md, with a sync of every row: what was answered is there after a cut.
fn configuration(port: u16) -> String {
    format!(
        r#"state_directory = "/data/dunlin"
model = "vibration"
bundle = "/etc/vibration.dunlin"
keys = ["/etc/team.pub"]
durability = "sync"
control = "/run/control.sock"

[input]
socket = "/run/predict.sock"

[sensor]
feature = "acceleration"
rate_hz = 1000
hop = 20
command = ["replay", "/etc/samples.txt", "1000"]

[receiver]
url = "http://10.0.2.2:{port}"
every_seconds = 3

[updates]
root = "/etc/root.json"
channel = "stable"
"#
    )
}

/// Starts the daemon with little memory, prints the answers' ids as a program on the board would see them, and ends it.
fn script(seconds: u64) -> String {
    format!(
        r#"G=/sys/fs/cgroup/dunlin
mkdir $G; echo +memory > /sys/fs/cgroup/cgroup.subtree_control; echo {LIMIT} > $G/memory.max
sh -c "echo \$\$ > $G/cgroup.procs; exec dunlind --config /etc/dunlind.toml" &
D=$!
until [ -S /run/predict.sock ] || ! kill -0 $D; do usleep 50000; done
follow /run/predict.sock &
sleep {seconds}
echo "PEAK $(grep VmHWM /proc/$D/status | tr -s '\t ' ' ')"
echo "OOM $(grep oom_kill $G/memory.events)"
kill -TERM $D; wait $D
"#
    )
}
