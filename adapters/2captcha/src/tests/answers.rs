//! Answers of every shape, well formed and not.

use super::*;

/// The solution of a family's task that is answered so; none where it is lost.
fn solution(family: &str, reply: Reply) -> Option<Value> {
    let step = after(Operation::Poll(vec![task(family)]), reply);
    let Step::Polled(verdicts) = step else { panic!("no verdict: {}", fixture::step_json(&step)) };
    match &verdicts.first().unwrap().standing {
        Standing::Solved(solved) => Some(serde_json::from_str(&solved.solution).unwrap()),
        Standing::Failed(fault) => {
            assert_eq!((fault.code.as_str(), fault.charged), ("SOLUTION_UNREADABLE", Charged::Yes), "{family}");
            None
        }
        Standing::Open(_) => panic!("still open"),
    }
}

fn answered(request: &Value) -> Reply {
    text(&json!({ "status": 1, "request": request }).to_string())
}

#[test]
fn each_shape_is_read() {
    let points = json!({ "coordinates": [{ "x": 39, "y": 59 }, { "x": 252, "y": 72.5 }] });
    for line in ["OK|coordinate:x=39,y=59;x=252,y=72.5", "OK|coordinates:x=39,y=59;x=252,y=72.5;|0.0012"] {
        assert_eq!(solution("coordinates", text(line)).as_ref(), Some(&points), "{line}");
    }
    let list = json!([{ "x": "39", "y": "59" }, { "x": 252, "y": 72.5 }]);
    for request in [list.clone(), json!(list.to_string()), json!("x=39,y=59|x=252,y=72.5")] {
        assert_eq!(solution("temu_image", answered(&request)).as_ref(), Some(&points), "{request}");
    }
    assert_eq!(solution("grid", text("OK|click:3/8/9|0.0012")), Some(json!({ "click": [3, 8, 9] })));
    assert_eq!(solution("grid", text("OK|No_matching_images|0.0012")), Some(json!({ "click": [] })));
    let areas = json!([[{ "x": 5, "y": 5 }, { "x": 3, "y": 91 }], [{ "x": 208, "y": 211 }, { "x": 208, "y": 287 }]]);
    assert_eq!(solution("draw_around", text("OK|canvas:5,5,3,91;208,211,208,287;")), Some(json!({ "canvas": areas })));
    let found = json!([{ "xMin": 559, "xMax": 797, "yMin": 164, "yMax": 430 }]);
    assert_eq!(
        solution("bounding_box", text(&format!("OK|{found}|0.0012"))),
        Some(json!({ "bounding_boxes": found.clone() }))
    );
    assert_eq!(solution("bounding_box", answered(&found)), Some(json!({ "bounding_boxes": found })));
    assert_eq!(solution("rotate", answered(&json!("-120"))), Some(json!({ "rotate": -120 })));
    assert_eq!(solution("rotate", answered(&json!(40))), Some(json!({ "rotate": 40 })));
    assert_eq!(solution("rotate", answered(&json!("40|200|-120"))), Some(json!({ "rotate": [40, 200, -120] })));
}

#[test]
fn what_has_another_shape_is_lost_and_not_handed_on() {
    for (family, reply) in [
        ("coordinates", text("OK|here")),
        ("coordinates", text("OK|coordinates:x=1;y=2")),
        ("coordinates", text("OK|coordinates:")),
        ("temu_image", answered(&json!({ "x": 1 }))),
        ("temu_image", answered(&json!([{ "x": 1 }]))),
        ("grid", text("OK|3/8/9")),
        ("grid", text("OK|click:0")),
        ("grid", text("OK|click:")),
        ("draw_around", text("OK|canvas:")),
        ("draw_around", text("OK|canvas:5,5,3;")),
        ("bounding_box", text("OK|[{\"xMin\":1}]")),
        ("bounding_box", text("OK|none")),
        ("rotate", answered(&json!("left"))),
        ("geetest_v3", answered(&json!("03AF"))),
        ("geetest_v3", answered(&json!({ "geetest_challenge": "c" }))),
        ("geetest_v3", answered(&json!({ "geetest_validate": null }))),
        ("tencent", answered(&json!({ "ret": 1 }))),
        ("basilisk", answered(&json!({ "other": "t" }))),
        ("tspd", answered(&json!([]))),
        ("tspd", answered(&json!({}))),
        ("captchafox", answered(&json!([]))),
    ] {
        assert_eq!(solution(family, reply), None, "{family}");
    }
}

#[test]
fn an_object_is_read_whether_it_came_as_one_or_as_its_text() {
    let given = json!({ "geetest_challenge": "c", "geetest_validate": "v", "geetest_seccode": "v|jordan", "x": null });
    let canonical = json!({ "challenge": "c", "validate": "v", "seccode": "v|jordan" });
    for reply in [answered(&given), answered(&json!(given.to_string())), text(&format!("OK|{given}"))] {
        assert_eq!(solution("geetest_v3", reply).as_ref(), Some(&canonical));
    }
}

#[test]
fn an_answer_with_bars_is_kept_whole() {
    for token in
        ["3084f4a3.9|r=eu-west-1|meta=3|surl=https://funcaptcha.com", "ebdb5a6b|9006dc72|http://b.example/-|493e|1"]
    {
        for family in ["funcaptcha", "keycaptcha"] {
            assert_eq!(solution(family, answered(&json!(token))), Some(json!({ "token": token })));
            assert_eq!(solution(family, text(&format!("OK|{token}"))), Some(json!({ "token": token })));
        }
    }
}

#[test]
fn what_a_token_is_bound_to_is_kept() {
    let reply = text(&json!({ "status": 1, "request": "t", "useragent": "Probe/1", "price": "0.003" }).to_string());
    assert_eq!(solution("binance", reply), Some(json!({ "token": "t", "userAgent": "Probe/1" })));
    let inside = answered(&json!({ "token": "t", "useragent": "Probe/1" }));
    assert_eq!(solution("binance", inside), Some(json!({ "token": "t", "userAgent": "Probe/1" })));
    assert_eq!(solution("basilisk", answered(&json!("t"))), Some(json!({ "captcha_response": "t" })));
}

#[test]
fn cookies_are_handed_on_in_whichever_form_they_come() {
    let jar = json!({ "TS01": "a", "TS02": "b" });
    for request in [jar.clone(), json!(jar.to_string())] {
        assert_eq!(solution("tspd", answered(&request)), Some(json!({ "cookies": jar.clone() })));
    }
    let domains = json!({ "domains": { "example.com": { "cookies": { "a": "b" } } } });
    assert_eq!(solution("imperva", answered(&json!(domains.to_string()))), Some(domains));
    assert_eq!(solution("imperva", answered(&json!("a=b; c=d"))), Some(json!({ "cookies": "a=b; c=d" })));
    let cookie = "datadome=G4Td; Max-Age=31536000; Path=/";
    assert_eq!(solution("datadome", answered(&json!(cookie))), Some(json!({ "cookie": cookie })));
}
