// files DIR: what Rust's std does with files, environment and time.
use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

fn main() -> std::io::Result<()> {
    let dir = env::args().nth(1).expect("files DIR");
    let dir = Path::new(&dir);
    println!("word={:?}", env::var("WORD"));

    fs::create_dir_all(dir.join("a/b/c"))?;
    fs::write(dir.join("a/one"), "first line\nsecond line\n")?;
    fs::copy(dir.join("a/one"), dir.join("a/b/two"))?;
    fs::rename(dir.join("a/b/two"), dir.join("a/b/c/three"))?;
    let mut file = fs::OpenOptions::new().read(true).append(true).open(dir.join("a/b/c/three"))?;
    file.write_all("third line\n".as_bytes())?;
    file.seek(SeekFrom::Start(6))?;
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    print!("{}", text);

    let mut sizes = BTreeMap::new();
    for entry in fs::read_dir(dir.join("a"))? {
        let entry = entry?;
        sizes.insert(entry.file_name(), (entry.file_type()?.is_dir(), entry.metadata()?.is_file()));
    }
    println!("{:?}", sizes);
    println!("{:?}", fs::read(dir.join("none")).map_err(|e| e.kind()));
    fs::remove_dir_all(dir.join("a"))?;
    println!("left: {}", dir.join("a").exists());

    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    println!("slept: {}", start.elapsed() >= Duration::from_millis(5));
    println!("after 1970: {}", SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).is_ok());
    println!("thread: {}", std::thread::Builder::new().spawn(|| ()).is_err());
    if env::args().nth(2).is_some() {
        panic!("asked to");
    }
    Ok(())
}
