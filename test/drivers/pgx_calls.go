// pgx asks the server for the types of parameters; values must be of those.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgx/v4"
)

var ctx = context.Background()
var connection *pgx.Conn

func ask(call, how, sql string, args ...interface{}) {
	answer := []string{}
	rows, err := connection.Query(ctx, sql, args...)
	if err == nil {
		for rows.Next() {
			var value string
			if err = rows.Scan(&value); err != nil {
				break
			}
			answer = append(answer, value)
		}
		rows.Close()
		if err == nil {
			err = rows.Err()
		}
	}
	if err != nil {
		var server *pgconn.PgError
		if errors.As(err, &server) {
			answer = []string{"error " + server.Code}
		} else {
			answer = []string{"error " + err.Error()}
		}
	}
	fmt.Println(strings.Join([]string{call, how, strings.Join(answer, ", ")}, "\t"))
}

func recommended(userID int64) ([]string, error) {
	found := []string{}
	rows, err := connection.Query(ctx, "SELECT item_id, rank, personalized FROM shop.recommend($1, $2)", userID, 3)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var item string
		var rank int32
		var personalized bool
		if err := rows.Scan(&item, &rank, &personalized); err != nil {
			return nil, err
		}
		found = append(found, fmt.Sprintf("%s %d %.1s", item, rank, fmt.Sprint(personalized)))
	}
	return found, rows.Err()
}

func main() {
	var err error
	if connection, err = pgx.Connect(ctx, ""); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	defer connection.Close(ctx)

	rows := "SELECT jsonb_agg(r)::text FROM "
	uuid := "00000000-0000-0000-0000-000000000007"
	ask("recommend", "int", rows+"small.recommend($1, $2) r", 7, 3)
	ask("recommend", "int64", rows+"small.recommend($1, $2) r", int64(7), int64(3))
	ask("recommend: an id that smallint does not hold", "int64", rows+"small.recommend($1, $2) r", int64(4000000000), 3)
	ask("recommend: no user", "nil", rows+"small.recommend($1, $2) r", nil, 3)
	ask("recommend: text items, exclude", "[]string", rows+"shop.recommend($1, $2, exclude => $3) r", 7, 3,
		[]string{"product 01", "product 12"})
	candidates := rows + "small.recommend($1, $2, candidates => $3, exclude => $4) r"
	ask("recommend: candidates", "[]int64", candidates, 7, 3, []int64{1, 2, 3, 11, 12, 70000}, []int64{2})
	count := "SELECT count(*)::text FROM small.recommend($1, $2, candidates => $3)"
	ask("recommend: candidates, none", "[]int64{}", count, 7, 3, []int64{})
	ask("recommend: candidates, NULL", "nil", count, 7, 3, nil)
	ask("recommend: candidates, all", "marker, as text",
		rows+"small.recommend($1, $2, candidates => $3::text::bigint[]) r", 7, 3, "[0:0]={NULL}")
	ask("recommend: a uuid", "string", rows+"guid.recommend($1, $2) r", uuid, 3)
	found, err := recommended(7)
	if err != nil {
		found = []string{err.Error()}
	}
	fmt.Println("recommend: rows\tScan\t" + strings.Join(found, ", "))

	ask("recommend_for", "[]int64", rows+"small.recommend_for($1, $2) r", []int64{1, 2}, 3)
	ask("recommend_all", "int", "SELECT count(*)::text FROM small.recommend_all($1)", 2)
	ask("score", "[]int64", rows+"small.score($1, $2) r", 7, []int64{3, 1, 2})
	ask("explain", "int", rows+"small.explain($1, $2, $3) r", 7, 3, 2)
	ask("similar_items", "string", rows+"shop.similar_items($1, $2) r", "product 01", 3)
	ask("similar_users", "int", rows+"small.similar_users($1, $2) r", 7, 3)
	ask("audience", "int", rows+"small.audience($1, $2) r", 3, 3)

	ask("cosine: no type", "[]float64", "SELECT affinity.cosine($1, $2)::text",
		[]float64{1, 2.5, 3}, []float64{3, 2, 1})
	ask("cosine", "[]float64, one cast", "SELECT affinity.cosine($1::float8[], $2)::text",
		[]float64{1, 2.5, 3}, []float64{3, 2, 1})
	ask("cosine: a column", "[]float32",
		"SELECT jsonb_agg(round(affinity.cosine(v, $1)::numeric, 6) ORDER BY id)::text FROM vectors",
		[]float32{1, 2.5, 3})
	ask("jaccard", "[]string, one cast", "SELECT affinity.jaccard($1::text[], $2)::text",
		[]string{"red", "blue", "dark green"}, []string{"red", "dark green"})

	var state string
	if err := connection.QueryRow(ctx, "SELECT activity::text FROM states").Scan(&state); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	ask("users", "string", "SELECT affinity.users($1)::text", state)
	ask("retention: no type", "string", rows+"affinity.retention($1) r", state)
	ask("retention", "string, one name", rows+"affinity.retention($1, max_period => $2) r", state, 2)
	noon := time.Date(2024, 3, 15, 12, 0, 0, 0, time.FixedZone("", 2*3600))
	ask("retention: as_of", "Time", rows+"states, affinity.retention(activity, as_of => $1, max_period => $2) r", noon, 1)
	ask("retention: brackets", "[]int64",
		rows+"states, affinity.retention_curve(activity, criterion => $1, brackets => $2) r", "bracket", []int64{1, 2})
	ask("retention: cohorts_from", "Time",
		rows+"states, affinity.retention(activity, cohorts_from => $1, max_period => $2) r",
		time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), 1)
	ask("frequency", "int", rows+"states, affinity.frequency(activity, last_periods => $1) r", 3)

	describe := "SELECT to_jsonb(d)::text FROM affinity.describe((SELECT affinity.activity_agg($1::bigint, at, $2%s)" +
		" FROM unnest($3::%s[]) at)) d"
	ask("activity_agg: times of two zones", "[]Time", fmt.Sprintf(describe, ", $4", "timestamptz"), 7, "day",
		[]time.Time{time.Date(2024, 2, 29, 23, 30, 0, 0, time.UTC),
			time.Date(2024, 3, 1, 8, 30, 0, 0, time.FixedZone("", 9*3600))}, "Europe/Paris")
	ask("activity_agg: local times", "[]Time", fmt.Sprintf(describe, "", "timestamp"), 7, "day",
		[]time.Time{time.Date(2024, 2, 29, 23, 30, 0, 0, time.UTC), time.Date(2024, 3, 1, 8, 30, 0, 0, time.UTC)})
	ask("window_funnel", "string",
		"SELECT affinity.window_funnel($1, $2, at, product = $3, product = $4)::text FROM purchases",
		"2 days", "default", "product 01", "product 02")
	ask("path_after", "[]string", "SELECT affinity.path_after($1::text[], $2, $3)::text",
		[]string{"a", "b", "c", "d"}, "b", 1)
}
