//! Which release a device takes, and why not the others.

use dunlin_channel::{Channel, Device, Digest, Recall, Release, Why};
use proptest::prelude::*;

use crate::world::{channel, digest, recall, release};

const DEVICE: Device<'static> = Device {
    install_id: "0190a6d2-7c1e-7b3a-9f42-5b8e1d0c6a97",
    arch: "aarch64",
    model_id: "digits",
    active_sequence: Some(5),
    held: &[],
    refused: &[],
};

fn of(releases: Vec<Release>, recalled: Vec<Recall>) -> Channel {
    Channel { releases, recalled, ..channel(1) }
}

/// The sequence to take, and why not the others.
fn decided(channel: &Channel, device: &Device<'_>) -> (Option<u64>, Vec<(u64, Why)>) {
    let choice = channel.for_device(device);
    let passed = choice.passed.into_iter().map(|(release, why)| (release.sequence, why)).collect();
    (choice.take.map(|release| release.sequence), passed)
}

#[test]
fn the_newest_release_is_taken_whatever_the_order() {
    let channel = of([6, 9, 4, 7].map(release).into(), Vec::new());
    let older = |sequence| (sequence, Why::NotNewer);
    assert_eq!(decided(&channel, &DEVICE), (Some(9), vec![older(7), older(6), older(4)]));
    let fresh = Device { active_sequence: None, ..DEVICE };
    assert_eq!(decided(&channel, &fresh).0, Some(9));
    for active in [9, 10, u64::MAX] {
        let device = Device { active_sequence: Some(active), ..DEVICE };
        assert_eq!(decided(&channel, &device).0, None);
    }
}

#[test]
fn only_releases_of_the_model_are_looked_at() {
    let mut other = release(9);
    other.model_id = "letters".to_owned();
    let channel = of(vec![other], Vec::new());
    assert_eq!(decided(&channel, &DEVICE), (None, Vec::new()));
}

#[test]
fn each_reason_against_a_release_is_told_and_the_next_one_is_taken() {
    type Change = fn(&mut Release);
    let cases: [(Change, Why); 5] = [
        (|release| release.halted = true, Why::Halted),
        (|release| release.rollout_percent = 0, Why::NotInShare { percent: 0 }),
        (|release| release.from_sequence = 6, Why::BelowFrom { from_sequence: 6 }),
        (|release| release.arch = vec!["x86_64".into(), "arm".into()], Why::OtherArch),
        (|release| release.digest = digest(3), Why::Recalled),
    ];
    for (change, why) in cases {
        let mut newest = release(9);
        change(&mut newest);
        let channel = of(vec![newest, release(7)], vec![recall(3)]);
        assert_eq!(decided(&channel, &DEVICE), (Some(7), vec![(9, why)]));
    }
    let channel = of(vec![release(9), release(7)], Vec::new());
    let refusing = Device { refused: &[digest(9)], ..DEVICE };
    assert_eq!(decided(&channel, &refusing), (Some(7), vec![(9, Why::RefusedBefore)]));
}

#[test]
fn a_release_that_is_on_the_device_is_not_fetched_again_nor_an_older_one() {
    let channel = of(vec![release(9), release(7)], Vec::new());
    let trying = Device { held: &[digest(5), digest(9)], ..DEVICE };
    assert_eq!(decided(&channel, &trying), (None, vec![(9, Why::Held), (7, Why::NotNewer)]));
}

#[test]
fn from_sequence_counts_the_sequence_itself_and_a_device_without_a_model_is_below_it() {
    let mut newest = release(9);
    newest.from_sequence = 5;
    let channel = of(vec![newest], Vec::new());
    assert_eq!(decided(&channel, &DEVICE).0, Some(9));
    for active_sequence in [Some(4), None] {
        let below = Device { active_sequence, ..DEVICE };
        assert_eq!(decided(&channel, &below), (None, vec![(9, Why::BelowFrom { from_sequence: 5 })]));
    }
}

#[test]
fn one_sequence_for_two_processors_goes_to_each_its_own() {
    let (mut arm, mut intel) = (release(9), release(9));
    (arm.arch, intel.arch) = (vec!["aarch64".into()], vec!["x86_64".into()]);
    intel.digest = digest(90);
    let channel = of(vec![arm, intel], Vec::new());
    assert_eq!(channel.for_device(&DEVICE).take.unwrap().digest, digest(9));
    let other = Device { arch: "x86_64", ..DEVICE };
    assert_eq!(channel.for_device(&other).take.unwrap().digest, digest(90));
    assert_eq!(Channel::parse(&channel.to_payload()).unwrap(), channel);
    let mut for_all = channel;
    for_all.releases[0].arch.clear();
    assert!(Channel::parse(&for_all.to_payload()).is_err(), "two releases of one sequence for one processor");
}

#[test]
fn recalls_of_what_the_device_holds_are_told_also_when_nothing_is_to_be_taken() {
    let mut other = recall(5);
    other.model_id = "letters".to_owned();
    let channel = of(Vec::new(), vec![recall(3), recall(4), other]);
    let held = [digest(5), digest(4)];
    let choice = channel.for_device(&Device { held: &held, ..DEVICE });
    assert_eq!(choice.recalled, [&recall(4)]);
    assert_eq!(channel.for_device(&DEVICE).recalled, [] as [&Recall; 0]);
}

#[test]
fn a_bundle_listed_under_another_name_or_number_is_not_the_releases() {
    let (release, own) = (release(9), digest(9).to_string());
    assert!(release.is_bundle("digits", "1.9.0", 9, &own));
    let others = [
        ("letters", "1.9.0", 9, own.clone()),
        ("digits", "1.8.0", 9, own.clone()),
        ("digits", "1.9.0", 3, own),
        ("digits", "1.9.0", 9, digest(3).to_string()),
    ];
    for (model_id, version, sequence, digest) in others {
        assert!(!release.is_bundle(model_id, version, sequence, &digest));
    }
}

fn any_release() -> impl Strategy<Value = Release> {
    (0_u64..12, 0_u64..8, 0_u32..=100, any::<bool>(), 0_usize..3).prop_map(|(sequence, from, percent, halted, arch)| {
        let arch = [&[][..], &["aarch64"], &["x86_64"]][arch].iter().map(|arch| (*arch).to_owned()).collect();
        Release { from_sequence: from, rollout_percent: percent, halted, arch, ..release(sequence) }
    })
}

proptest! {
    #[test]
    fn a_device_never_takes_what_anything_speaks_against(
        releases in prop::collection::vec(any_release(), 0..8),
        active in prop::option::of(0_u64..12),
        held in prop::collection::vec((0_u64..12).prop_map(digest), 0..3),
        refused in prop::collection::vec((0_u64..12).prop_map(digest), 0..3),
        recalled in prop::collection::vec((0_u64..12).prop_map(recall), 0..3),
    ) {
        let channel = of(releases.clone(), recalled.clone());
        let device = Device { active_sequence: active, held: &held, refused: &refused, ..DEVICE };
        let choice = channel.for_device(&device);
        prop_assert_eq!(&choice, &channel.for_device(&device));
        prop_assert_eq!(choice.passed.len() + usize::from(choice.take.is_some()), releases.len());
        let may = |release: &Release| {
            active.is_none_or(|active| release.sequence > active)
                && release.from_sequence <= active.unwrap_or(0)
                && !release.halted
                && (release.arch.is_empty() || release.arch.contains(&"aarch64".to_owned()))
                && dunlin_channel::rollout::place(&release.digest, DEVICE.install_id)
                    < u64::from(release.rollout_percent) * 100
                && ![&held, &refused].into_iter().any(|known: &Vec<Digest>| known.contains(&release.digest))
                && !recalled.iter().any(|recall| recall.digest == release.digest)
        };
        if let Some(taken) = choice.take {
            prop_assert!(may(taken));
            prop_assert!(releases.iter().filter(|release| may(release)).all(|release| release.sequence <= taken.sequence));
        } else if held.is_empty() {
            prop_assert!(!releases.iter().any(may));
        }
    }
}
