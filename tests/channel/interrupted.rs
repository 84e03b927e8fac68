//! What a crash or a colleague leaves behind: changes wait for one another, and half a rotation is finished later.

use crate::desk::Desk;
use crate::phone::{Phone, Serving};

#[test]
fn two_who_publish_at_once_both_get_through() {
    let desk = Desk::with_channel();
    let (tiny, wide) = (desk.bundle("tiny", 1, "b1"), desk.bundle("wide", 1, "b1"));
    std::thread::scope(|scope| {
        for bundle in [&tiny, &wide] {
            let desk = &desk;
            scope.spawn(move || {
                desk.run(&format!("publish {bundle} --channel channel --key c1.key")).expect(0, &["Published"]);
            });
        }
    });
    desk.run("channel verify channel").expect(0, &["Bundles that are what the channel says: 2.", "at version 3"]);
}

#[test]
fn a_rotation_that_stopped_between_its_two_files_is_finished_by_the_next_signature() {
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    let shipped = desk.read("channel/root/1.json");
    let before = desk.read("channel/stable.json");
    desk.run("channel rotate channel --old c1 --new c2.pub --key r1.key --key r2.key --key c2.key").expect(0, &[]);
    desk.write("channel/stable.json", before);
    let serving = Serving::start(&desk.path("channel"), &[]);
    let mut phone = Phone::new(&shipped);
    phone.sync(&serving.url).unwrap_err();
    desk.run("channel show channel").expect(0, &["To be signed again (dunlin channel renew)"]);
    desk.run("channel verify channel").expect(5, &["stable.json"]);
    desk.run("channel renew channel --key c2.key").expect(0, &["at version 3"]);
    assert_eq!(phone.update(&serving.url), Some(1));
}

#[test]
fn a_file_that_a_crash_left_unfinished_is_in_nobodys_way() {
    let desk = Desk::with_channel();
    desk.write("channel/.dunlin-a1b2c3", "half");
    desk.write("channel/root/.dunlin-a1b2c3", "half");
    desk.publish(1, 100);
    desk.run("channel verify channel").expect(0, &[]);
    let left = desk.channel_files().into_keys().filter(|path| path.to_string_lossy().contains("/.dunlin-"));
    assert_eq!(left.count(), 2, "a finished change leaves a file of its own behind");
}

#[cfg(unix)]
#[test]
fn what_is_written_can_be_read_by_the_web_server() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_channel();
    desk.publish(1, 100);
    for path in desk.channel_files().into_keys().filter(|path| !path.ends_with(".lock")) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o644, "{}", path.display());
    }
}
