//! The digits recipe: what it reaches, and that it reaches the same every time.

use dunlin_models::ModelFolder;
use dunlin_models::digits::{self, SEED};
use dunlin_models::pack::{Precision, Scores, pack};

fn trained(seed: u64) -> ModelFolder {
    digits::train(seed, &mut |_, _| {}).expect("the recipe trains")
}

fn scores(folder: &ModelFolder, precision: &str) -> (Scores, Option<Scores>) {
    let precision: Precision = precision.parse().expect("the precision is known");
    let packed = pack(folder, precision).expect("the folder packs");
    (packed.scores, packed.baseline)
}

#[test]
#[ignore = "slow: trains ten times"]
fn ten_seeds_average_at_least_0_96() {
    let mut sum = 0.0;
    for seed in 0..10 {
        let folder = trained(seed);
        let ((f32, baseline), (q8, _)) = (scores(&folder, "f32"), scores(&folder, "q8_0"));
        let baseline = baseline.expect("the recipe has a baseline");
        eprintln!(
            "seed {seed}: f32 {:?} q8_0 {:?} baseline {:?}",
            f32.metrics, q8.metrics, baseline.metrics["accuracy"]
        );
        sum += f32.metrics["accuracy"];
    }
    eprintln!("mean accuracy {:.4}", sum / 10.0);
    assert!(sum / 10.0 >= 0.96);
}

#[test]
fn the_same_seed_gives_the_same_bundle_bit_for_bit() {
    let (first, second) = (trained(SEED), trained(SEED));
    let precision: Precision = "q8_0".parse().expect("the precision is known");
    let pack = |folder: &ModelFolder| pack(folder, precision).expect("the folder packs").bytes;
    assert_eq!(pack(&first), pack(&second));
}
