//! The vibration recipe: what it reaches, where it errs, and that it reaches the same every time.

use dunlin_models::ModelFolder;
use dunlin_models::pack::{Packed, Precision, pack};
use dunlin_models::vibration::{self, Fault, Machine, SEED, WINDOW, Window, WornMount, windows};

fn trained(seed: u64) -> ModelFolder {
    vibration::train(seed, &mut |_, _| {}).expect("the recipe trains")
}

fn packed(folder: &ModelFolder) -> Packed {
    pack(folder, Precision::F32).expect("the folder packs")
}

#[test]
#[ignore = "slow: trains ten times"]
fn ten_seeds_average_at_least_0_93_and_a_tenth_more_than_the_baseline() {
    let (mut sum, mut baseline_sum) = (0.0, 0.0);
    for seed in 0..10 {
        let packed = packed(&trained(seed));
        let (model, baseline) = (packed.scores, packed.baseline.expect("the recipe has a baseline"));
        eprintln!("seed {seed}: {:?}, baseline {:?}", model.metrics, baseline.metrics["accuracy"]);
        sum += model.metrics["accuracy"];
        baseline_sum += baseline.metrics["accuracy"];
    }
    eprintln!("mean accuracy {:.4}, baseline {:.4}", sum / 10.0, baseline_sum / 10.0);
    assert!(sum / 10.0 >= 0.93 && sum - baseline_sum >= 1.0);
}

#[test]
fn the_same_seed_gives_the_same_bundle_bit_for_bit_and_scores_are_told_by_speed_and_load() {
    let (first, second) = (packed(&trained(SEED)), packed(&trained(SEED)));
    assert_eq!(first.bytes, second.bytes);
    let accuracy = |slice: &str| {
        let slice =
            first.scores.slices.iter().find(|s| s.slice == slice).unwrap_or_else(|| panic!("there is no {slice}"));
        slice.metrics["accuracy"]
    };
    for feature in ["speed", "load"] {
        for level in ["low", "medium", "high"] {
            assert!(accuracy(&format!("{feature}={level}")) > 0.8);
        }
    }
    assert!(accuracy("load=high") > accuracy("load=low"), "strikes drown in noise under a low load");
    let baseline = first.baseline.expect("the recipe has a baseline");
    assert!(first.scores.metrics["accuracy"] > baseline.metrics["accuracy"] + 0.05);
}

#[test]
fn windows_are_the_same_every_time_and_of_all_faults_alike() {
    let first = windows();
    assert_eq!(first, windows());
    let count = |fault: Fault| first.iter().filter(|window| window.machine.fault == fault).count();
    assert!(Fault::ALL.iter().all(|fault| count(*fault) == first.len() / Fault::ALL.len()));
    assert!(first.iter().all(|window| window.samples.len() == WINDOW));
}

#[test]
fn a_record_of_a_board_is_the_samples_alone() {
    let machine = Machine { speed_hz: 16.0, load: 1.0, fault: Fault::Healthy, seed: 0 };
    let window = Window { samples: machine.stream_through(WornMount::WEAK).take(WINDOW).collect(), machine };
    let present = |record: &dunlin_features::Record<'_>| record.values().iter().flatten().count();
    assert_eq!([present(&window.record()), present(&window.record_with_context())], [1, 3]);
    assert_eq!([machine.speed_level().name(), machine.load_level().name()], ["low", "high"]);
}
