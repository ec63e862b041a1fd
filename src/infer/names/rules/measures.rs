//! Quantities, positions, ratings and measures.

use crate::infer::domain::MakerToml;
use crate::infer::names::rule::Make::{Maker, Number};
use crate::infer::names::rule::{Rule, rules};
use crate::infer::names::types::{FRACTION, INT, NUMBER};

/// Rules about numbers.
pub const RULES: &[Rule] = rules! {
    "quantity|quantity ordered|ordered quantity|units|quantity sold|number of units|number of items|guests|number of guests|party size|adults|items"
        [] NUMBER, 0 => Number(1.0, 2.0, 20.0), "a quantity", "order_items.quantity";
    "stock|stock quantity|quantity in stock|inventory|units in stock|on hand|quantity on hand|stock level|available quantity|in stock|inventory count|units on order|quantity available|stock on hand|stock count|inventory level"
        [] NUMBER, 0 => Number(0.0, 40.0, 900.0), "a stock", "products.stock";
    "reorder level|reorder point|min stock|minimum stock|safety stock|reorder quantity|minimum quantity|min quantity|low stock threshold|stock threshold|max quantity|maximum quantity"
        [] NUMBER, 0 => Number(5.0, 0.0, 50.0), "a level of stock", "products.reorder_level";
    "rating|stars|star rating|overall rating|review rating|rate score|satisfaction" [] INT, 0
        => Maker(|| MakerToml::new("one-of").with("values", vec![1, 2, 3, 4, 5]).with("weights", vec![1, 1, 2, 5, 7])), "one to five stars",
        "reviews.rating";
    "rating|stars|average rating|rating average|avg rating|star rating|rating avg|overall rating" [] FRACTION, 0 => Number(1.0, 0.0, 5.0),
        "one to five stars", "products.average_rating";
    "rating count|ratings count|review count|reviews count|number of reviews|number reviews|vote count|votes|upvotes|downvotes|likes|like count|likes count|comment count|comments count|reply count|replies count|follower count|followers count|followers|following count|share count|shares|repost count|favorites count|favorite count|subscribers|subscriber count|member count|members count|post count|posts count|thread count|topic count|user count|users count"
        [] INT, 0 => Number(0.0, 12.0, 5_000.0), "a count", "posts.like_count";
    "view count|views|views count|hits|hit count|downloads|download count|impressions|clicks|click count|plays|play count|visits|visit count|page views|listeners|sessions|open count"
        [] INT, 0 => Number(0.0, 120.0, 200_000.0), "a count", "posts.view_count";
    "attempts|retries|retry count|attempt|failed attempts|attempt count|tries|failures|error count|max attempts|max retries|retry attempts|failed login attempts|failure count|warnings"
        [] INT, 0 => Number(0.0, 0.0, 3.0), "a few", "jobs.attempts";
    "login count|sign in count|logins|use count|usage count|times used|usage limit|max uses|uses|used count|redemptions|max redemptions"
        [] INT, 0 => Number(0.0, 20.0, 500.0), "a count", "users.sign_in_count";
    "position|sort order|sort|order|display order|rank|ordinal|seq|sequence|sequence number|idx|index|sort index|order index|sort key|line number|line|ordering|list order|item order|sort position|place|line no|seq no|order no|nth|number in series|track number|track|chapter number|episode number|lft|rgt|step number|step order"
        [] INT, 0 => Number(1.0, 0.0, 20.0), "a position", "items.position";
    "priority|severity|importance|urgency|weighting|priority level" [] INT, 0 => Number(1.0, 0.0, 5.0), "a priority", "tasks.priority";
    "percent|percent complete|progress|completion|percent done|share percent|completion rate|humidity|battery level|battery|cpu usage|memory usage|disk usage|utilization|occupancy|attendance|uptime"
        [] NUMBER, 0 => Number(0.0, 0.0, 100.0), "percent", "tasks.percent_complete";
    "level|depth|tier|grade|difficulty|grade level|tree depth|nesting level|generation|step|stage number" [] INT, 0 => Number(1.0, 0.0, 5.0), "a level",
        "categories.level";
    "score|points|reputation|karma|credits|test score|final score|total score|experience|exp|reward points|loyalty points|quality score|risk score|credit score|result score|home score|away score|marks|max score"
        [] NUMBER, 0 => Number(0.0, 0.0, 100.0), "points", "players.score";
    "weight|weight kg|gross weight|net weight|shipping weight|total weight|mass|package weight" [] NUMBER, 0 => Number(1.0, 3.0, 60.0), "a weight", "parcels.weight";
    "weight g|weight grams|grams|weight in grams|weight oz|weight lb" [] NUMBER, 0 => Number(20.0, 400.0, 20_000.0), "a weight", "products.weight_grams";
    "height|width" ["image", "photo", "picture", "video", "thumbnail", "file", "attachment", "media", "screen", "avatar", "banner", "asset", "blob", "upload"]
        INT, 0 => Maker(|| MakerToml::new("one-of").with("values", vec![320, 640, 800, 1080, 1280, 1920, 3840])), "pixels", "photos.width";
    "height|width|length|depth|height cm|width cm|length cm|depth cm|diameter|thickness|size cm|circumference" [] NUMBER, 0 => Number(1.0, 0.0, 200.0), "a measure", "parcels.height";
    "area|surface|square meters|square feet|sqft|sqm|living area|floor area|lot size|size sqm|size sqft|land area" [] NUMBER, 0 => Number(20.0, 90.0, 2_000.0), "an area",
        "properties.area";
    "distance|distance km|radius|mileage|miles|kilometers|odometer|km|route length|range km" [] NUMBER, 0 => Number(1.0, 40.0, 20_000.0), "a distance", "trips.distance";
    "volume|liters|volume l|volume ml|fuel" [] NUMBER, 0 => Number(1.0, 0.0, 500.0), "a volume", "tanks.volume";
    "temperature|temp|temperature c|body temperature|degrees" ["patient", "vital", "vitals", "sign", "examination", "visit", "body"] NUMBER, 0 => Number(36.0, 0.0, 39.5),
        "a body's temperature", "vitals.temperature";
    "temperature|temp|temperature c|degrees|celsius" [] NUMBER, 0 => Number(-10.0, 0.0, 35.0), "a temperature", "readings.temperature";
    "heart rate|pulse|bpm|heartrate" [] NUMBER, 0 => Number(55.0, 0.0, 110.0), "beats a minute", "vitals.heart_rate";
    "systolic|systolic bp|bp systolic|blood pressure systolic|systolic pressure" [] NUMBER, 0 => Number(100.0, 0.0, 150.0), "a blood pressure", "vitals.systolic";
    "diastolic|diastolic bp|bp diastolic|blood pressure diastolic|diastolic pressure" [] NUMBER, 0 => Number(60.0, 0.0, 95.0), "a blood pressure", "vitals.diastolic";
    "oxygen saturation|spo 2|oxygen" [] NUMBER, 0 => Number(93.0, 0.0, 100.0), "percent", "vitals.oxygen_saturation";
    "speed|velocity|speed kmh|wind speed" [] NUMBER, 0 => Number(0.0, 0.0, 130.0), "a speed", "readings.speed";
    "duration ms|elapsed ms|response time|latency|latency ms|response ms|took ms|time ms|execution time|ms|milliseconds|response time ms|duration millis|runtime ms|exec time"
        [] NUMBER, 0 => Number(1.0, 80.0, 10_000.0), "milliseconds", "requests.duration_ms";
    "duration|duration seconds|duration sec|seconds|length seconds|runtime|elapsed|time spent|duration s|elapsed seconds|ttl|timeout|timeout seconds|play time|playtime|watch time|call duration|delay|ttl seconds|duration in seconds|interval seconds"
        [] NUMBER, 0 => Number(10.0, 240.0, 7_200.0), "seconds", "calls.duration";
    "duration minutes|minutes|duration min|prep time|cook time|total time|cooking time|duration mins|session minutes|length minutes|estimated minutes|running time|preparation time|duration in minutes|time estimate|slot minutes"
        [] NUMBER, 0 => Number(5.0, 0.0, 120.0), "minutes", "meetings.duration_minutes";
    "hours|hours worked|estimated hours|duration hours|billable hours|actual hours|worked hours|hours spent|overtime|overtime hours|estimate|credit hours" [] NUMBER, 0
        => Number(1.0, 0.0, 12.0), "hours", "timesheets.hours_worked";
    "days|trial days|duration days|lead time|number of days|grace period|days valid|retention days|loan days|rental duration|trial period days|payment terms|nights|lead time days|term days"
        [] NUMBER, 0 => Number(1.0, 0.0, 30.0), "days", "plans.trial_days";
    "months|duration months|term|term months|weeks|warranty months|installments" [] NUMBER, 0 => Number(1.0, 0.0, 36.0), "months", "contracts.term_months";
    "expiry year|exp year|expiration year|card exp year" [] INT, 0 => Number(2025.0, 0.0, 2031.0), "a year", "cards.exp_year";
    "year|release year|publication year|model year|founded year|year built|fiscal year|published year|year founded|year published|year made|academic year|vintage|graduation year"
        [] NUMBER, 0 => Number(1990.0, 0.0, 2024.0), "a year", "books.publication_year";
    "month|exp month|expiry month|expiration month|month number|birth month|fiscal month|card exp month" [] INT, 0 => Number(1.0, 0.0, 12.0), "a month", "stats.month";
    "day of week|weekday|dow|day number week" [] INT, 0 => Number(0.0, 0.0, 6.0), "a day of the week", "schedules.weekday";
    "day|day of month|birth day|billing day" [] INT, 0 => Number(1.0, 0.0, 28.0), "a day of the month", "stats.day";
    "week|week number|iso week|calendar week" [] INT, 0 => Number(1.0, 0.0, 52.0), "a week", "stats.week";
    "quarter|fiscal quarter" [] INT, 0 => Number(1.0, 0.0, 4.0), "a quarter", "stats.quarter";
    "hour|hour of day|start hour|end hour" [] INT, 0 => Number(0.0, 0.0, 23.0), "an hour", "stats.hour";
    "minute" [] INT, 0 => Number(0.0, 0.0, 59.0), "a minute", "slots.minute";
    "pages|page count|number of pages|number pages|total pages" [] INT, 0 => Number(40.0, 240.0, 900.0), "pages", "books.page_count";
    "page|page number|first page|chapter" [] INT, 0 => Number(1.0, 0.0, 300.0), "a page", "bookmarks.page";
    "word count|words|character count|char count|line count|lines|loc" [] INT, 0 => Number(20.0, 400.0, 20_000.0), "a count", "articles.word_count";
    "floor|storey|floors|stories|bedrooms|bathrooms|beds|rooms|number of rooms|doors|wheels|children|number of children|dependents|parking spaces|number of floors|number of bedrooms"
        [] NUMBER, 0 => Number(1.0, 0.0, 5.0), "a few", "properties.bedrooms";
    "capacity|seats|max capacity|number of seats|max participants|max attendees|max guests|enrollment|class size|seat count|attendance count|max students|total seats|available seats|attendee count|headcount|number of employees|employee count|employees|number employees|team size|max members|max seats"
        [] INT, 0 => Number(10.0, 40.0, 500.0), "how many find room", "venues.capacity";
    "population" [] INT, 0 => Number(1_000.0, 60_000.0, 9_000_000.0), "people", "cities.population";
    "calories|kcal|energy|protein|fat|carbs|carbohydrates|sugar|fiber|sodium" [] NUMBER, 0 => Number(1.0, 60.0, 800.0), "an amount in food", "foods.calories";
    "servings|yield|portions|doses|refills|refills allowed|refill count|number of doses|supply days" [] NUMBER, 0 => Number(1.0, 0.0, 8.0), "a few", "recipes.servings";
    "count|number of items|item count|items count|cardinality|frequency|occurrences|total count|number of orders|order count|orders count|children count|products count|product count|total|number *|number of *"
        [] INT, 0 => Number(0.0, 6.0, 500.0), "a count", "categories.product_count";
    "ratio|probability|confidence|fraction|proportion|likelihood|accuracy|precision|recall|similarity|relevance|weight factor|coefficient|factor|multiplier|alpha|sample rate|success rate|error rate|hit rate|rate"
        [] FRACTION, 0 => Number(0.0, 0.0, 1.0), "a share", "predictions.confidence";
    "threshold|limit|max|min|maximum|minimum|quota|value|lower bound|upper bound|reading|measurement|measured value|low|high|open|close|average|mean|median|avg|std dev|stddev|variance|delta|target|actual|baseline|estimate value|metric value|number value|numeric value|reference low|reference high"
        [] NUMBER, 0 => Number(0.0, 0.0, 1_000.0), "a number", "metrics.value";
};
