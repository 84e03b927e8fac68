//! The stream against what the physics says of its spectrum.

use std::f64::consts::TAU;

use super::super::bearing::{INNER_ORDER, OUTER_ORDER};
use super::super::machine::{Fault, Machine};
use super::super::mount::WornMount;

/// Samples of one spectrum, a second and a bit: bins of a little less than 1 Hz.
const SPECTRUM: usize = 1024;
/// Spectra that are averaged.
const SPECTRA: usize = 16;

fn machine(speed_hz: f32, load: f32, fault: Fault) -> Machine {
    Machine { speed_hz, load, fault, seed: 5 }
}

fn samples(machine: &Machine) -> Vec<f64> {
    machine.stream().take(SPECTRUM * SPECTRA).map(f64::from).collect()
}

/// Swings around the mean, without their sign: where strikes begin, it rises.
fn envelope(samples: &[f64]) -> Vec<f64> {
    let rectified: Vec<f64> = samples.iter().map(|sample| sample.abs()).collect();
    let mean = rectified.iter().sum::<f64>() / rectified.len() as f64;
    rectified.iter().map(|sample| sample - mean).collect()
}

/// Root mean square over the spectra of the amplitude at a frequency, by its definition, with Hann's window.
fn amplitude(samples: &[f64], frequency_hz: f64) -> f64 {
    let power = |block: &[f64]| {
        let part = |(i, sample): (usize, &f64)| {
            let hann = 1.0 - (TAU * i as f64 / SPECTRUM as f64).cos();
            let (sin, cos) = (TAU * frequency_hz * i as f64 / 1000.0).sin_cos();
            [sample * hann * cos, sample * hann * sin]
        };
        let sum = block.iter().enumerate().map(part).fold([0.0; 2], |sum, part| [sum[0] + part[0], sum[1] + part[1]]);
        sum.map(|sum| (2.0 * sum / SPECTRUM as f64).powi(2)).iter().sum::<f64>()
    };
    (samples.chunks_exact(SPECTRUM).map(power).sum::<f64>() / SPECTRA as f64).sqrt()
}

/// The frequency of the largest amplitude between two, in steps of half a hertz.
fn peak(samples: &[f64], from_hz: u32, to_hz: u32) -> f64 {
    let steps = (2 * from_hz..2 * to_hz).map(|step| f64::from(step) / 2.0);
    let found = steps.map(|frequency| (amplitude(samples, frequency), frequency)).max_by(|a, b| a.0.total_cmp(&b.0));
    found.map_or(0.0, |(_, frequency)| frequency)
}

#[test]
fn unbalance_peaks_at_the_rate_of_the_shaft() {
    assert_eq!(peak(&samples(&machine(22.0, 0.6, Fault::Unbalance)), 5, 499), 22.0);
}

#[test]
fn unbalance_grows_with_the_square_of_the_speed() {
    let once = |speed: f32| amplitude(&samples(&machine(speed, 0.6, Fault::Unbalance)), f64::from(speed));
    let ratio = once(30.0) / once(15.0);
    assert!((ratio - 4.0).abs() < 0.1, "{ratio}");
}

#[test]
fn the_envelope_of_an_outer_race_peaks_where_balls_pass_it() {
    for speed in [16.0, 22.0, 29.0] {
        let envelope = envelope(&samples(&machine(speed, 1.0, Fault::OuterRace)));
        let (found, expected) = (peak(&envelope, 40, 140), OUTER_ORDER * f64::from(speed));
        assert!((found - expected).abs() < 0.02 * expected, "at {speed} Hz: {found}, expected {expected}");
    }
}

#[test]
fn the_envelope_of_an_inner_race_peaks_where_balls_pass_it_with_sidebands_of_the_shaft() {
    for speed in [16.0, 22.0, 29.0] {
        let envelope = envelope(&samples(&machine(speed, 1.0, Fault::InnerRace)));
        let (speed, passes) = (f64::from(speed), INNER_ORDER * f64::from(speed));
        let found = peak(&envelope, passes as u32 - 12, passes as u32 + 12);
        assert!((found - passes).abs() < 0.02 * passes, "at {speed} Hz: {found}, expected {passes}");
        let beside = |turns: f64| amplitude(&envelope, passes + turns * speed);
        assert!(beside(-1.0) > 1.5 * beside(-0.5) && beside(1.0) > 1.5 * beside(0.5), "at {speed} Hz");
    }
}

#[test]
fn strikes_are_twice_as_hard_under_twice_the_load() {
    let passes = OUTER_ORDER * 22.0;
    let struck = |load: f32| amplitude(&envelope(&samples(&machine(22.0, load, Fault::OuterRace))), passes);
    let ratio = struck(1.0) / struck(0.5);
    assert!((1.7..2.5).contains(&ratio), "{ratio}");
}

#[test]
fn a_healthy_machine_has_neither_a_spall_nor_much_unbalance() {
    let healthy = samples(&machine(22.0, 0.6, Fault::Healthy));
    assert!(amplitude(&healthy, 22.0) < 0.06);
    assert!(amplitude(&envelope(&healthy), OUTER_ORDER * 22.0) < 0.005);
}

#[test]
fn the_same_machine_gives_the_same_stream_and_another_seed_another() {
    let take = |seed: u64| {
        let machine = Machine { seed, ..machine(22.0, 0.6, Fault::InnerRace) };
        machine.stream().take(500).collect::<Vec<f32>>()
    };
    assert_eq!(take(1), take(1));
    assert_ne!(take(1), take(2));
}

#[test]
fn a_loose_mount_takes_most_of_what_strikes_say() {
    let machine = machine(22.0, 1.0, Fault::OuterRace);
    let energy = |mount: WornMount| {
        let samples: Vec<f32> = machine.stream_through(mount).take(4000).collect();
        samples.windows(2).map(|pair| f64::from(pair[1] - pair[0]).powi(2)).sum::<f64>()
    };
    assert!(energy(WornMount::DEMO) < 0.5 * energy(WornMount::NEW));
}

#[test]
fn no_setting_panics_or_leaves_the_range() {
    for wild in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -1.0, 0.0, f32::MAX] {
        for fault in Fault::ALL {
            let samples: Vec<f32> = machine(wild, wild, fault).stream().take(2000).collect();
            assert!(samples.iter().all(|sample| (-2.0..=2.0).contains(sample)), "{fault:?} at {wild}");
        }
    }
}
