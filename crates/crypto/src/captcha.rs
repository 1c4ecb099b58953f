//! A picture of a few signs that people read more easily than programs: drawn from strokes, without any font.

use png::{BitDepth, ColorType, Encoder};
use watchword_kit::Entropy;

/// A line from point to point, on a grid of 4 by 6.
type Stroke = &'static [(f32, f32)];

/// Signs that nobody takes for another, in any case.
const SIGNS: [(char, &[Stroke]); 22] = [
    ('2', &[&[(0., 1.5), (0.6, 0.3), (2., 0.), (3.4, 0.4), (3.8, 1.6), (3., 3.), (0., 6.), (4., 6.)]]),
    ('3', &[&[(0., 0.), (4., 0.), (1.6, 2.4), (3.4, 2.9), (4., 4.3), (3.2, 5.7), (1.4, 6.), (0., 5.2)]]),
    ('4', &[&[(3., 6.), (3., 0.), (0., 4.2), (4., 4.2)]]),
    ('7', &[&[(0., 0.), (4., 0.), (1.4, 6.)], &[(1.2, 3.), (3.6, 3.)]]),
    ('9', &[&[(3.8, 2.), (2.9, 3.4), (1., 3.4), (0.1, 2.), (0.8, 0.4), (2.2, 0.), (3.6, 0.8), (3.8, 2.2), (3., 6.)]]),
    ('A', &[&[(0., 6.), (2., 0.), (4., 6.)], &[(0.8, 3.9), (3.2, 3.9)]]),
    ('C', &[&[(4., 1.), (2.8, 0.), (1.2, 0.2), (0., 2.), (0., 4.), (1.2, 5.8), (2.8, 6.), (4., 5.)]]),
    ('E', &[&[(4., 0.), (0., 0.), (0., 6.), (4., 6.)], &[(0., 2.9), (3., 2.9)]]),
    ('F', &[&[(4., 0.), (0., 0.), (0., 6.)], &[(0., 2.9), (3., 2.9)]]),
    ('H', &[&[(0., 0.), (0., 6.)], &[(4., 0.), (4., 6.)], &[(0., 3.), (4., 3.)]]),
    ('J', &[&[(1., 0.), (4., 0.)], &[(3., 0.), (3., 4.6), (2.2, 5.8), (1., 6.), (0., 4.8)]]),
    ('K', &[&[(0., 0.), (0., 6.)], &[(4., 0.), (0., 3.4)], &[(1.2, 2.5), (4., 6.)]]),
    ('L', &[&[(0., 0.), (0., 6.), (4., 6.)]]),
    ('M', &[&[(0., 6.), (0.3, 0.), (2., 3.6), (3.7, 0.), (4., 6.)]]),
    ('N', &[&[(0., 6.), (0., 0.), (4., 6.), (4., 0.)]]),
    ('P', &[&[(0., 6.), (0., 0.), (2.6, 0.), (4., 1.), (4., 2.2), (2.6, 3.3), (0., 3.3)]]),
    ('R', &[&[(0., 6.), (0., 0.), (2.6, 0.), (4., 1.), (4., 2.), (2.6, 3.), (0., 3.)], &[(2., 3.), (4., 6.)]]),
    ('T', &[&[(0., 0.), (4., 0.)], &[(2., 0.), (2., 6.)]]),
    ('U', &[&[(0., 0.), (0., 4.4), (1., 5.8), (3., 5.8), (4., 4.4), (4., 0.)]]),
    ('W', &[&[(0., 0.), (0.9, 6.), (2., 2.2), (3.1, 6.), (4., 0.)]]),
    ('X', &[&[(0., 0.), (4., 6.)], &[(4., 0.), (0., 6.)]]),
    ('Y', &[&[(0., 0.), (2., 3.), (4., 0.)], &[(2., 3.), (2., 6.)]]),
];

const HEIGHT: usize = 60;
const PITCH: usize = 34;
const MARGIN: usize = 12;
/// Pixels of one step of the grid that the signs stand on.
const STEP: f32 = 5.2;

/// A text of so many signs and its picture.
pub struct Captcha {
    pub text: String,
    pub png: Vec<u8>,
    pub width: usize,
    pub height: usize,
}

/// Draws so many signs: a picture that no other is like.
pub fn draw(signs: usize, entropy: &Entropy) -> Captcha {
    let width = 2 * MARGIN + PITCH * signs;
    let mut canvas = Canvas::new(width, entropy);
    let mut text = String::with_capacity(signs);
    for n in 0..signs {
        let (sign, strokes) = SIGNS[entropy.below(SIGNS.len() as u32) as usize];
        text.push(sign);
        canvas.sign(MARGIN + n * PITCH + PITCH / 2, strokes);
    }
    canvas.noise();
    let mut png = Vec::new();
    // Writing to memory fails for nothing but a size that does not fit, which this one does.
    if encode(&canvas, &mut png).is_err() {
        png.clear();
    }
    Captcha { text, png, width, height: HEIGHT }
}

fn encode(canvas: &Canvas, out: &mut Vec<u8>) -> Result<(), png::EncodingError> {
    let side = |n: usize| u32::try_from(n).unwrap_or(0);
    let mut encoder = Encoder::new(out, side(canvas.width), side(HEIGHT));
    encoder.set_color(ColorType::Grayscale);
    encoder.set_depth(BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&canvas.pixels)?;
    writer.finish()
}

struct Canvas<'a> {
    width: usize,
    pixels: Vec<u8>,
    entropy: &'a Entropy,
    /// Of the wave that bends everything: height, length and start, across and along.
    waves: [[f32; 3]; 2],
}

impl<'a> Canvas<'a> {
    fn new(width: usize, entropy: &'a Entropy) -> Canvas<'a> {
        let mut canvas = Canvas { width, pixels: vec![255; width * HEIGHT], entropy, waves: [[0.; 3]; 2] };
        canvas.waves = [
            [canvas.some(1.0, 3.0), canvas.some(0.06, 0.12), canvas.some(0.0, 6.3)],
            [canvas.some(1.0, 3.0), canvas.some(0.08, 0.16), canvas.some(0.0, 6.3)],
        ];
        canvas
    }

    /// A random number in this range.
    fn some(&self, least: f32, most: f32) -> f32 {
        least + (most - least) * (self.entropy.below(1 << 20) as f32 / (1 << 20) as f32)
    }

    /// A sign turned, slanted, stretched and moved by chance.
    fn sign(&mut self, center: usize, strokes: &[Stroke]) {
        let turn = self.some(-0.42, 0.42);
        let (sin, cos) = turn.sin_cos();
        let (across, along) = (STEP * self.some(0.85, 1.15), STEP * self.some(0.9, 1.15));
        let slant = self.some(-0.25, 0.25);
        let (x0, y0) = (center as f32 + self.some(-4., 4.), HEIGHT as f32 / 2. + self.some(-6., 6.));
        let thick = self.some(1.3, 2.1);
        let place = |(x, y): (f32, f32)| {
            let (x, y) = ((x - 2.) * across, (y - 3.) * along);
            let x = x - slant * y;
            (x0 + x * cos - y * sin, y0 + x * sin + y * cos)
        };
        for stroke in strokes {
            for pair in stroke.windows(2) {
                self.line(place(pair[0]), place(pair[1]), thick);
            }
        }
    }

    /// Lines as thick as the signs across all of them, and dots.
    fn noise(&mut self) {
        let right = self.width as f32;
        for _ in 0..3 {
            let mut from = (0., self.some(5., HEIGHT as f32 - 5.));
            let parts = 4;
            for n in 1..=parts {
                let to = (right * n as f32 / parts as f32, self.some(5., HEIGHT as f32 - 5.));
                let thick = self.some(0.6, 1.3);
                self.line(from, to, thick);
                from = to;
            }
        }
        for _ in 0..self.width / 2 {
            let at = (self.some(0., right), self.some(0., HEIGHT as f32));
            let to = (at.0 + self.some(-1.5, 1.5), at.1 + self.some(-1.5, 1.5));
            self.line(at, to, 0.6);
        }
    }

    /// A straight line with soft edges, bent by the wave.
    fn line(&mut self, from: (f32, f32), to: (f32, f32), thick: f32) {
        let length = ((to.0 - from.0).powi(2) + (to.1 - from.1).powi(2)).sqrt();
        let steps = (length * 1.5).ceil().max(1.) as usize;
        let [across, along] = self.waves;
        for n in 0..=steps {
            let t = n as f32 / steps as f32;
            let (x, y) = (from.0 + (to.0 - from.0) * t, from.1 + (to.1 - from.1) * t);
            let bent_x = x + across[0] * (y * across[1] + across[2]).sin();
            let bent_y = y + along[0] * (x * along[1] + along[2]).sin();
            self.dot(bent_x, bent_y, thick);
        }
    }

    fn dot(&mut self, x: f32, y: f32, radius: f32) {
        let reach = radius.ceil() as i32 + 1;
        for py in (y as i32 - reach)..=(y as i32 + reach) {
            for px in (x as i32 - reach)..=(x as i32 + reach) {
                let inside = (0..self.width as i32).contains(&px) && (0..HEIGHT as i32).contains(&py);
                if !inside {
                    continue;
                }
                let distance = ((px as f32 - x).powi(2) + (py as f32 - y).powi(2)).sqrt();
                let ink = (radius + 0.5 - distance).clamp(0., 1.);
                let shade = 255 - (ink * 215.) as u8;
                let pixel = &mut self.pixels[py as usize * self.width + px as usize];
                *pixel = (*pixel).min(shade);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_pictures_are_alike_and_all_have_ink_and_paper() {
        let drawn: Vec<Captcha> = (0..40).map(|_| draw(6, &Entropy)).collect();
        for (i, captcha) in drawn.iter().enumerate() {
            assert_eq!(captcha.text.len(), 6);
            assert!(captcha.text.chars().all(|c| SIGNS.iter().any(|(sign, _)| *sign == c)), "{}", captcha.text);
            let mut reader = png::Decoder::new(std::io::Cursor::new(&captcha.png)).read_info().unwrap();
            let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut pixels).unwrap();
            assert_eq!((info.width as usize, info.height as usize), (captcha.width, captcha.height));
            let dark = pixels.iter().filter(|p| **p < 128).count();
            assert!(dark > pixels.len() / 30 && dark < pixels.len() / 2, "{dark} of {}", pixels.len());
            assert!(drawn[..i].iter().all(|other| other.png != captcha.png));
        }
    }

    #[test]
    fn each_sign_is_as_likely_as_another() {
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..400 {
            for sign in draw(8, &Entropy).text.chars() {
                *counts.entry(sign).or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), SIGNS.len());
        assert!(counts.values().all(|n| (60..260).contains(n)), "{counts:?}");
    }
}
