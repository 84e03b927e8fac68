//! The drill as a test, over a small fleet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chart;
mod device;
mod publisher;
mod story;

use crate::device::End;

#[test]
fn a_bad_release_that_no_check_can_find_ends_on_every_device_in_the_model_before_it() {
    let (mut active, mut timeline) = (None, String::new());
    // A device's place in a rollout is drawn by its random id: so large a share leaves out all twelve in one of 60,000 runs.
    let story = story::play(12, 60, |hour| {
        active = hour.active.get(&4).copied();
        timeline.push_str(&chart::line(hour, 12));
    });
    let told = chart::outcome(&story);
    // It did answer: else the drill would show nothing.
    assert!(story.exposed().count() > 0, "{told}");
    assert!(!story.ends.contains_key(&End::StillThere), "{told}");
    assert!(story.ends.keys().any(|end| matches!(end, End::ThrownOut(_, cause) if cause == "non_finite")), "{told}");
    // It must show three times, and is gone before the next record.
    assert!(story.devices.iter().all(|device| device.exposure.failed <= 3), "{told}");
    assert_eq!(active, Some(12), "everybody ends on the good release that came after\n{timeline}");
}
