//! A picture of trials, as SVG: a row for each family, a column for each mode, a dot for each way of choosing, the further right
//! the worse beside the oracle.

use std::fmt::Write as _;

use crate::chooser::MODES;
use crate::report::Line;

const LEFT: f64 = 120.0;
const TOP: f64 = 70.0;
const COLUMN: f64 = 240.0;
const ROW: f64 = 26.0;
/// The end of a column: so many times the oracle's objective; who is worse is drawn there.
const WORST: f64 = 8.0;

/// Colours that differ for people who see few, the router's first (Okabe and Ito, "Color Universal Design", 2008).
const COLOURS: [(&str, &str); 7] = [
    ("capstan", "#d55e00"),
    ("random", "#999999"),
    ("round robin", "#56b4e9"),
    ("static order", "#009e73"),
    ("last good", "#f0e442"),
    ("plain EWMA", "#0072b2"),
    ("windowed sort", "#cc79a7"),
];

/// The picture of these lines.
#[must_use]
pub fn svg(lines: &[Line]) -> String {
    let mut families: Vec<&str> = lines.iter().map(|line| line.family).collect();
    families.dedup();
    let columns = f64::from(u8::try_from(MODES.len()).unwrap_or(0));
    let rows = f64::from(u8::try_from(families.len()).unwrap_or(0));
    let (width, height) = (COLUMN.mul_add(columns, LEFT + 20.0), ROW.mul_add(rows, TOP + 30.0));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\"><title>Ways of choosing beside an oracle</title>\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>"
    );
    legend(&mut svg);
    for (n, mode) in (0_u8..).zip(MODES) {
        text(&mut svg, (column(n), TOP - 22.0), mode.as_str());
        for times in [1.0, 2.0, 4.0, 8.0] {
            let x = along(n, times);
            let end = height - 24.0;
            let _ = write!(svg, "<path d=\"M{x:.1} {:.1}V{end:.1}\" stroke=\"#ddd\"/>", TOP - 8.0);
            text(&mut svg, (x - 8.0, height - 8.0), &format!("{times}×"));
        }
    }
    for (n, family) in (0_u8..).zip(families) {
        let y = ROW.mul_add(f64::from(n), TOP + 10.0);
        text(&mut svg, (8.0, y + 4.0), family);
        let of_family = |line: &&Line| line.family == family && line.chooser != "oracle";
        // The router's is drawn last, so that it is seen.
        for line in lines.iter().filter(of_family).rev() {
            dot(&mut svg, line, y);
        }
    }
    svg.push_str("</svg>\n");
    svg
}

fn legend(svg: &mut String) {
    for (n, (name, colour)) in (0_u8..).zip(COLOURS) {
        let x = f64::from(n).mul_add(120.0, LEFT);
        let _ = write!(svg, "<circle cx=\"{x:.1}\" cy=\"18\" r=\"5\" fill=\"{colour}\"/>");
        text(svg, (x + 9.0, 22.0), name);
    }
}

fn dot(svg: &mut String, line: &Line, y: f64) {
    let Some(n) = (0_u8..).zip(MODES).find(|(_, mode)| *mode == line.mode).map(|(n, _)| n) else { return };
    let colour = COLOURS.iter().find(|(name, _)| *name == line.chooser).map_or("black", |(_, colour)| *colour);
    let x = along(n, 1.0 + line.regret);
    let radius = if line.chooser == "capstan" { 6 } else { 4 };
    let _ = write!(
        svg,
        "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" fill=\"{colour}\"><title>{} {}: {:.3}</title></circle>",
        line.chooser,
        line.mode.as_str(),
        line.objective
    );
}

fn column(n: u8) -> f64 {
    COLUMN.mul_add(f64::from(n), LEFT)
}

/// Where so many times the oracle's objective is drawn: times are drawn as their logarithms.
fn along(n: u8, times: f64) -> f64 {
    (COLUMN - 50.0).mul_add(times.clamp(0.8, WORST).ln() / WORST.ln(), column(n) + 10.0)
}

fn text(svg: &mut String, (x, y): (f64, f64), text: &str) {
    let _ = write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>");
}
