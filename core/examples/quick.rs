use std::hint::black_box;
use std::time::Instant;
fn bench(name: &str, n: u64, mut f: impl FnMut(u64)) {
    let mut best = f64::MAX;
    for _ in 0..7 { let t = Instant::now(); f(n); best = best.min(t.elapsed().as_nanos() as f64 / n as f64); }
    println!("{name:30} {best:.2} ns");
}
fn main() {
    let r = tykmetrics::Registry::new();
    let c = r.counter("a_total", "").register().unwrap();
    let cells = [std::sync::atomic::AtomicU64::new(0)];
    bench("bare", 50_000_000, |n| for _ in 0..n { let c = black_box(&cells[0]); c.store(c.load(std::sync::atomic::Ordering::Relaxed)+1, std::sync::atomic::Ordering::Relaxed) });
    bench("counter", 50_000_000, |n| for _ in 0..n { black_box(&c).add(1) });
    let h = r.histogram("h_seconds", "").register().unwrap();
    let values: Vec<f64> = (0..4096).map(|i| 0.001 * (1.0 + ((i * 2654435761u64 % 1000) as f64))).collect();
    bench("histogram", 20_000_000, |n| for i in 0..n { black_box(&h).observe(values[i as usize & 4095]) });
    bench("histogram same", 20_000_000, |n| for _ in 0..n { black_box(&h).observe(black_box(0.123)) });
    let hc = r.histogram("hc_seconds", "").compact().register().unwrap();
    bench("compact", 20_000_000, |n| for i in 0..n { black_box(&hc).observe(values[i as usize & 4095]) });
    let f = r.counter("f_total", "").labels(["method", "route", "status"]).register().unwrap();
    let sets: Vec<[String; 3]> = (0..64).map(|i| [["GET","POST","PUT","DELETE"][i%4].to_string(), format!("/api/v1/things/{}", i), "200".to_string()]).collect();
    bench("lookup", 10_000_000, |n| for i in 0..n { let s = &sets[(i as usize * 7) & 63]; f.inc([&s[0], &s[1], &s[2]]) });
    let fams = [f];
    let _ = fams;
    let t = Instant::now();
    let big = r.counter("big_total", "").labels(["method", "route", "id"]).limit(2_000_000).register().unwrap();
    let rss = || std::fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse::<f64>().unwrap() * 4096.0;
    let before = rss();
    for i in 0..1_000_000u32 { big.with([["GET","POST","PUT","DELETE"][i as usize%4], &format!("/api/{}", i%100), &format!("user-{i:07}")]).add(1) }
    println!("1M made in {:?}, {:.1} B/series", t.elapsed(), (rss() - before) / 1e6);
    for _ in 0..5 { let mut bytes = 0; let b = rss(); let t = Instant::now();
        let mut peak: f64 = 0.0; let mut n = 0;
        let _: Result<(), ()> = r.render_to(tykmetrics::Format::Text, |c| { bytes += c.len(); n += 1; if n % 100 == 0 { peak = peak.max(rss()); } Ok(()) });
        let e = t.elapsed(); println!("render 1M {:?} {:.2} GB/s, rss +{:.2} MB", e, bytes as f64 / e.as_nanos() as f64, (peak - b) / 1e6); }
    let t = Instant::now(); let s = r.snapshot(); println!("snapshot {:?} {}", t.elapsed(), s.families.len());
}
