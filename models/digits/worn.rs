//! A camera that has worn: what it would have seen of a digit. Its pictures are the drift that the demo and the tests
//! must notice.

use super::{Digit, SIDE};
use crate::train::SeededRandom;

/// Darkest ink.
const INK: f32 = 16.0;

/// What wear has done. In this order: the camera has turned in its mount, its lens has a film, the film takes contrast,
/// and the old sensor adds noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WornCamera {
    /// How much of each pixel is the mean of its 3x3 neighbourhood instead of itself: 0 (sharp) to 1. Outside the
    /// picture is paper.
    pub blur: f32,
    /// What is left of the ink's darkness: 1 (all) to 0. Paper stays paper.
    pub contrast: f32,
    /// By how much the picture is turned around its centre, counter-clockwise, with bilinear interpolation.
    pub rotation_degrees: f32,
    /// Standard deviation of normal noise on each pixel, in grey levels.
    pub noise: f32,
}

impl WornCamera {
    /// Worn as a camera is that hung in the weather for years; four scalars of fifty pictures give it away.
    pub const DEMO: Self = Self { blur: 0.25, contrast: 0.85, rotation_degrees: 6.0, noise: 0.6 };

    /// Hardly worn: an eye sees no difference, and most pixels have none.
    pub const WEAK: Self = Self { blur: 0.06, contrast: 0.97, rotation_degrees: 0.0, noise: 0.1 };

    /// The picture that this camera takes; whole grey levels 0..=16, as a new one gives. The same generator gives the
    /// same picture.
    #[must_use]
    pub fn see(&self, digit: &Digit, random: &mut SeededRandom) -> Digit {
        let turned = self.turned(&digit.pixels);
        let mut pixel = |i: usize| {
            let sharp = at(&turned, (i / SIDE) as f32, (i % SIDE) as f32);
            let hazy = sharp + self.blur * (neighbourhood_mean(&turned, i) - sharp);
            let level = self.contrast * hazy + self.noise * random.normal();
            // NaN becomes paper.
            if level > 0.0 { level.round().min(INK) } else { 0.0 }
        };
        Digit { pixels: (0..SIDE * SIDE).map(&mut pixel).collect(), label: digit.label }
    }

    fn turned(&self, pixels: &[f32]) -> Vec<f32> {
        let (sin, cos) = self.rotation_degrees.to_radians().sin_cos();
        let center = (SIDE - 1) as f32 / 2.0;
        let pixel = |i: usize| {
            let (down, right) = ((i / SIDE) as f32 - center, (i % SIDE) as f32 - center);
            at(pixels, center + cos * down + sin * right, center + cos * right - sin * down)
        };
        (0..SIDE * SIDE).map(pixel).collect()
    }
}

/// Grey level between pixels, bilinear; paper outside.
fn at(pixels: &[f32], row: f32, column: f32) -> f32 {
    let corner = |down: f32, right: f32| {
        let (y, x) = (row.floor() + down, column.floor() + right);
        let weight = (1.0 - (row - y).abs()) * (1.0 - (column - x).abs());
        let side = 0.0..SIDE as f32;
        let inside = side.contains(&y) && side.contains(&x);
        if inside { weight * pixels.get(y as usize * SIDE + x as usize).copied().unwrap_or(0.0) } else { 0.0 }
    };
    corner(0.0, 0.0) + corner(0.0, 1.0) + corner(1.0, 0.0) + corner(1.0, 1.0)
}

fn neighbourhood_mean(pixels: &[f32], i: usize) -> f32 {
    let around = |center: usize| [center as f32 - 1.0, center as f32, center as f32 + 1.0];
    let cells = around(i / SIDE).into_iter().flat_map(|row| around(i % SIDE).map(|column| at(pixels, row, column)));
    cells.sum::<f32>() / 9.0
}

#[cfg(test)]
mod tests {
    use super::super::digits;
    use super::*;

    const NEW: WornCamera = WornCamera { blur: 0.0, contrast: 1.0, rotation_degrees: 0.0, noise: 0.0 };

    fn seen(camera: WornCamera, seed: u64) -> Vec<Digit> {
        let mut random = SeededRandom::new(seed, 0);
        digits().unwrap().iter().take(50).map(|digit| camera.see(digit, &mut random)).collect()
    }

    #[test]
    fn a_new_camera_changes_nothing() {
        assert_eq!(seen(NEW, 1), digits().unwrap()[..50]);
    }

    #[test]
    fn a_worn_one_gives_grey_levels_and_the_same_with_the_same_seed() {
        for camera in [WornCamera::DEMO, WornCamera::WEAK] {
            let pictures = seen(camera, 1);
            let good = |pixel: &f32| (0.0..=INK).contains(pixel) && pixel.fract() == 0.0;
            assert!(pictures.iter().all(|picture| picture.pixels.iter().all(good)));
            assert_eq!(pictures, seen(camera, 1));
        }
        assert_ne!(seen(WornCamera::DEMO, 1), seen(WornCamera::DEMO, 2));
    }

    #[test]
    fn a_quarter_turn_moves_the_top_to_the_left() {
        let mut pixels = vec![0.0; SIDE * SIDE];
        pixels[3] = 16.0;
        let turned =
            WornCamera { rotation_degrees: 90.0, ..NEW }.see(&Digit { pixels, label: 0 }, &mut SeededRandom::new(1, 0));
        assert_eq!(turned.pixels.iter().position(|pixel| *pixel == 16.0), Some(4 * SIDE));
    }

    #[test]
    fn no_setting_panics() {
        let wild = WornCamera { blur: f32::NAN, contrast: f32::INFINITY, rotation_degrees: -1e30, noise: f32::MAX };
        assert!(seen(wild, 3).iter().all(|picture| picture.pixels.iter().all(|p| (0.0..=INK).contains(p))));
    }
}
