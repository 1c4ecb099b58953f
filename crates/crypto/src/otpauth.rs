//! `otpauth://` addresses and their QR images, in the shape of the contract's `otpData`.

use std::fmt;

use data_encoding::BASE64;
use fast_qr::{ECL, QRBuilder, QRCode, Version};
use watchword_kit::unicode::is_plain;

use crate::totp::Params;

/// The most code points that an issuer or account keeps.
const MAX_NAME: usize = 64;
/// Pixels to a module, and light modules around the symbol (ISO/IEC 18004 §5.3.8).
const SCALE: usize = 4;
const QUIET: usize = 4;

/// The address is too long for any QR symbol of level M (2331 bytes).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address does not fit a QR symbol")
    }
}

impl std::error::Error for TooLong {}

/// `otpauth://totp/issuer:account?secret=…&period=30&digits=6&algorithm=SHA1&issuer=…`, in this order.
///
/// Names keep 64 code points, lose control and invisible characters, and have `-` for `:`, which separates them.
pub fn uri(issuer: &str, account: &str, secret_canonical: &str, params: &Params) -> String {
    let (issuer, account) = (encode(issuer), encode(account));
    let (Params { period, digits, .. }, algorithm) = (params, params.algorithm.as_str());
    format!(
        "otpauth://totp/{issuer}:{account}?secret={secret_canonical}&period={period}&digits={digits}&algorithm={algorithm}&issuer={issuer}"
    )
}

/// A PNG as a `data:` address: level M, version 8 or more, 4 pixels to a module, 4 modules of quiet zone; 228 pixels
/// square whenever the address has 152 bytes or fewer.
pub fn qr_png_data_url(uri: &str) -> Result<String, TooLong> {
    let png = png(&symbol(uri)?).map_err(|_| TooLong)?;
    let mut url = String::from("data:image/png;base64,");
    BASE64.encode_append(&png, &mut url);
    Ok(url)
}

fn symbol(uri: &str) -> Result<QRCode, TooLong> {
    let mut builder = QRBuilder::new(uri);
    builder.ecl(ECL::M);
    let at_least_8 = builder.version(Version::V08).build();
    at_least_8.or_else(|_| QRBuilder::new(uri).ecl(ECL::M).build()).map_err(|_| TooLong)
}

/// One bit to a pixel, 1 is light; each row of modules is drawn once and repeated.
fn png(symbol: &QRCode) -> Result<Vec<u8>, png::EncodingError> {
    let side = (symbol.size + 2 * QUIET) * SCALE;
    let row_bytes = side.div_ceil(8);
    let mut pixels = vec![0xff; row_bytes * side];
    for y in 0..symbol.size {
        let first = (y + QUIET) * SCALE * row_bytes;
        for (x, module) in symbol[y].iter().enumerate() {
            if module.value() {
                darken(&mut pixels[first..first + row_bytes], x + QUIET);
            }
        }
        for copy in 1..SCALE {
            pixels.copy_within(first..first + row_bytes, first + copy * row_bytes);
        }
    }
    let side = u32::try_from(side).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(4096);
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fast);
    encoder.set_filter(png::Filter::Up);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(out)
}

/// A module is four bits wide, so it is one half of a byte.
fn darken(row: &mut [u8], module: usize) {
    row[module / 2] &= if module.is_multiple_of(2) { 0x0f } else { 0xf0 };
}

/// What JavaScript's `encodeURIComponent` gives for the cleaned name.
fn encode(name: &str) -> String {
    let mut out = String::with_capacity(name.len() * 3);
    for c in name.chars().filter(|c| is_plain(*c)).take(MAX_NAME) {
        match c {
            ':' => out.push('-'),
            'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' | '.' | '!' | '~' | '*' | '\'' | '(' | ')' => out.push(c),
            _ => c.encode_utf8(&mut [0; 4]).bytes().for_each(|b| out.push_str(&format!("%{b:02X}"))),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::totp::Algorithm;

    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    struct Image {
        side: usize,
        depth: png::BitDepth,
        pixels: Vec<u8>,
    }

    fn read(url: &str) -> Image {
        let data = url.strip_prefix("data:image/png;base64,").expect("a data address");
        let raw = BASE64.decode(data.as_bytes()).expect("base64");
        let mut reader = png::Decoder::new(std::io::Cursor::new(raw)).read_info().expect("a PNG");
        let (info, mut buffer) = (reader.info().clone(), vec![0; reader.output_buffer_size().expect("a size")]);
        assert_eq!((info.width, info.color_type), (info.height, png::ColorType::Grayscale));
        reader.next_frame(&mut buffer).expect("pixels");
        let side = info.width as usize;
        let bit = |x: usize, y: usize| buffer[y * side.div_ceil(8) + x / 8] >> (7 - x % 8) & 1;
        let pixels = (0..side * side).map(|i| 255 * bit(i % side, i / side)).collect();
        Image { side, depth: info.bit_depth, pixels }
    }

    fn decode(image: &Image) -> (rqrr::MetaData, String) {
        let at = |x: usize, y: usize| image.pixels[y * image.side + x];
        let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(image.side, image.side, at);
        let grids = prepared.detect_grids();
        assert_eq!(grids.len(), 1);
        grids[0].decode().expect("a readable symbol")
    }

    #[test]
    fn the_address_has_the_parts_in_the_order_of_the_contract() {
        assert_eq!(
            uri("userPoolName", "test", SEED, &Params::default()),
            format!(
                "otpauth://totp/userPoolName:test?secret={SEED}&period=30&digits=6&algorithm=SHA1&issuer=userPoolName"
            )
        );
        let params = Params { algorithm: Algorithm::Sha256, digits: 8, period: 60 };
        assert!(uri("a", "b", SEED, &params).ends_with("&period=60&digits=8&algorithm=SHA256&issuer=a"));
    }

    #[test]
    fn names_are_encoded_as_javascript_does_and_cannot_add_parameters() {
        let made = uri("认证 & Co:?=#%", "ada+@x.cn/é(1)'*~!", SEED, &Params::default());
        let issuer = "%E8%AE%A4%E8%AF%81%20%26%20Co-%3F%3D%23%25";
        let account = "ada%2B%40x.cn%2F%C3%A9(1)'*~!";
        assert!(made.starts_with(&format!("otpauth://totp/{issuer}:{account}?secret=")), "{made}");
        assert!(made.ends_with(&format!("&issuer={issuer}")), "{made}");
    }

    #[test]
    fn invisible_characters_are_dropped_and_long_names_cut_at_64_code_points() {
        let made = uri("a\u{202e}b\n\0c\u{200b}", &"王".repeat(100), SEED, &Params::default());
        assert!(made.starts_with(&format!("otpauth://totp/abc:{}?", "%E7%8E%8B".repeat(64))), "{made}");
    }

    #[test]
    fn a_short_address_is_a_version_8_m_symbol_of_228_pixels_that_reads_back() {
        for account in ["", "test", &"a".repeat(30)] {
            let made = uri("userPoolName", account, SEED, &Params::default());
            assert!(made.len() <= 152);
            let image = read(&qr_png_data_url(&made).expect("it fits"));
            assert_eq!((image.side, image.depth), (228, png::BitDepth::One));
            let (meta, content) = decode(&image);
            assert_eq!(content, made);
            // The format bits of level M are 00 (ISO/IEC 18004 table 12).
            assert_eq!((meta.version.0, meta.ecc_level), (8, 0));
        }
    }

    #[test]
    fn the_quiet_zone_is_16_light_pixels_and_modules_are_4_pixels() {
        let image = read(&qr_png_data_url("otpauth://totp/a:b").expect("it fits"));
        let at = |x: usize, y: usize| image.pixels[y * image.side + x];
        for i in 0..image.side {
            for j in (0..16).chain(image.side - 16..image.side) {
                assert!(at(i, j) == 255 && at(j, i) == 255, "{i} {j}");
            }
        }
        assert!((16..44).all(|x| at(x, 16) == 0 && at(x, 19) == 0), "the finder pattern's edge is 7 modules long");
        assert!((20..40).all(|x| at(x, 20) == 255));
        for (i, pixel) in image.pixels.iter().enumerate() {
            let (x, y) = (i % image.side / 4 * 4, i / image.side / 4 * 4);
            assert_eq!(*pixel, at(x, y));
        }
    }

    #[test]
    fn a_longer_address_gets_a_larger_symbol_until_none_fits() {
        let sizes = [(152, 228), (153, 244), (180, 244), (181, 260), (800, 0)];
        for (bytes, side) in sizes {
            let made = format!("otpauth://{}", "x".repeat(bytes - 10));
            let image = read(&qr_png_data_url(&made).expect("it fits"));
            assert!(side == 0 || image.side == side, "{bytes} bytes gave {}", image.side);
            assert_eq!(decode(&image).1, made);
        }
        assert_eq!(qr_png_data_url(&"x".repeat(2332)), Err(TooLong));
    }
}
