// JDBC sends the type of the setter: setInt integer, setLong bigint, setString varchar.
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

public class JdbcCalls {
    static Connection connection;

    interface Row {
        String read(ResultSet row) throws SQLException;
    }

    static void ask(String call, String how, String sql, Object... args) {
        ask(call, how, row -> row.getString(1), sql, args);
    }

    // Integer, Long, Short, String, Double by their setters; UUID, OffsetDateTime,
    // LocalDateTime and arrays by setObject, which is what setLong and so on do.
    static void ask(String call, String how, Row reader, String sql, Object... args) {
        List<String> answer = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < args.length; i++) {
                if (args[i] == null)
                    statement.setNull(i + 1, Types.NULL);
                else if (args[i] instanceof Long)
                    statement.setLong(i + 1, (Long) args[i]);
                else if (args[i] instanceof Integer)
                    statement.setInt(i + 1, (Integer) args[i]);
                else if (args[i] instanceof String)
                    statement.setString(i + 1, (String) args[i]);
                else
                    statement.setObject(i + 1, args[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next())
                    answer.add(String.valueOf(reader.read(rows)));
            }
            System.out.println(call + "\t" + how + "\t" + String.join(", ", answer));
        } catch (SQLException error) {
            System.out.println(call + "\t" + how + "\terror " + error.getSQLState());
        }
    }

    static Array array(String type, Object... elements) throws SQLException {
        return connection.createArrayOf(type, elements);
    }

    static List<String> recommended(long userId) throws SQLException {
        List<String> found = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT item_id, rank, personalized FROM shop.recommend(?, ?)")) {
            statement.setLong(1, userId);
            statement.setInt(2, 3);
            ResultSet row = statement.executeQuery();
            while (row.next())
                found.add(row.getString("item_id") + " " + row.getInt("rank")
                    + " " + (row.getBoolean("personalized") ? "t" : "f"));
        }
        return found;
    }

    public static void main(String[] ignored) throws SQLException {
        connection = DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":"
            + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), System.getenv("PGUSER"),
            System.getenv("PGPASSWORD"));

        String rows = "SELECT jsonb_agg(r)::text FROM ";
        UUID uuid = new UUID(0, 7);
        ask("recommend", "setInt", rows + "small.recommend(?, ?) r", 7, 3);
        ask("recommend", "setLong", rows + "small.recommend(?, ?) r", 7L, 3L);
        ask("recommend", "setObject(Short)", rows + "small.recommend(?, ?) r", (short) 7, (short) 3);
        ask("recommend", "setString, cast", rows + "small.recommend(?::bigint, ?) r", "7", 3);
        ask("recommend: an id that smallint does not hold", "setLong", rows + "small.recommend(?, ?) r", 4000000000L, 3);
        ask("recommend: no user", "setNull", rows + "small.recommend(?, ?) r", null, 3);
        ask("recommend: text items, exclude", "setArray of text", rows + "shop.recommend(?, ?, exclude => ?) r",
            7L, 3, array("text", "product 01", "product 12"));
        ask("recommend: candidates", "setArray of bigint",
            rows + "small.recommend(?, ?, candidates => ?, exclude => ?) r",
            7L, 3, array("bigint", 1L, 2L, 3L, 11L, 12L, 70000L), array("bigint", 2L));
        ask("recommend: candidates", "setArray of integer",
            rows + "small.recommend(?, ?, candidates => ?, exclude => ?) r",
            7, 3, array("integer", 1, 2, 3, 11, 12, 70000), array("integer", 2));
        ask("recommend: candidates", "setObject(long[])",
            rows + "small.recommend(?, ?, candidates => ?, exclude => ?) r",
            7, 3, new long[] {1, 2, 3, 11, 12, 70000}, new long[] {2});
        String count = "SELECT count(*) FROM small.recommend(?, ?, candidates => ?)";
        ask("recommend: candidates, none", "empty array", count, 7L, 3, array("bigint"));
        ask("recommend: candidates, NULL", "setNull", count, 7L, 3, null);
        ask("recommend: candidates, all", "marker, cast", rows + "small.recommend(?, ?, candidates => ?::bigint[]) r",
            7L, 3, "[0:0]={NULL}");
        ask("recommend: a uuid", "setObject(UUID)", rows + "guid.recommend(?, ?) r", uuid, 3);
        ask("recommend: a uuid", "setString, cast", rows + "guid.recommend(?::uuid, ?) r", uuid.toString(), 3);
        System.out.println("recommend: rows\tcolumns\t" + String.join(", ", recommended(7)));

        ask("recommend_for", "setArray", rows + "small.recommend_for(?, ?) r", array("bigint", 1L, 2L), 3L);
        ask("recommend_all", "setLong", "SELECT count(*) FROM small.recommend_all(?)", 2L);
        ask("score", "setArray", rows + "small.score(?, ?) r", 7L, array("bigint", 3L, 1L, 2L));
        ask("explain", "setLong", rows + "small.explain(?, ?, ?) r", 7L, 3L, 2L);
        ask("similar_items", "setString", rows + "shop.similar_items(?, ?) r", "product 01", 3L);
        ask("similar_users", "setLong", rows + "small.similar_users(?, ?) r", 7L, 3L);
        ask("audience", "setLong", rows + "small.audience(?, ?) r", 3L, 3L);

        ask("cosine", "setArray of float8", "SELECT affinity.cosine(?, ?)::text",
            array("float8", 1.0, 2.5, 3.0), array("float8", 3.0, 2.0, 1.0));
        ask("cosine", "setObject(double[])", "SELECT affinity.cosine(?, ?)::text",
            new double[] {1, 2.5, 3}, new double[] {3, 2, 1});
        ask("cosine: a column", "setArray of float4",
            "SELECT jsonb_agg(round(affinity.cosine(v, ?)::numeric, 6) ORDER BY id)::text FROM vectors",
            array("float4", 1f, 2.5f, 3f));
        ask("jaccard", "setArray of text", "SELECT affinity.jaccard(?, ?)::text",
            array("text", "red", "blue", "dark green"), array("varchar", "red", "dark green"));

        List<String> state = new ArrayList<>();
        try (ResultSet row = connection.createStatement().executeQuery("SELECT activity FROM states")) {
            row.next();
            state.add(row.getString(1));
        }
        ask("users", "setString, cast", "SELECT affinity.users(?::affinity.activity)::text", state.get(0));
        ask("retention", "setString, cast", rows + "affinity.retention(?::affinity.activity, max_period => ?) r",
            state.get(0), 2L);
        ask("retention: as_of", "OffsetDateTime",
            rows + "states, affinity.retention(activity, as_of => ?, max_period => ?) r",
            OffsetDateTime.parse("2024-03-15T12:00:00+02:00"), 1);
        ask("retention: as_of", "Timestamp",
            rows + "states, affinity.retention(activity, as_of => ?, max_period => ?) r",
            Timestamp.from(OffsetDateTime.parse("2024-03-15T12:00:00+02:00").toInstant()), 1);
        ask("retention: brackets", "setArray of bigint",
            rows + "states, affinity.retention_curve(activity, criterion => ?, brackets => ?) r",
            "bracket", array("bigint", 1L, 2L));
        ask("retention: cohorts_from", "LocalDateTime",
            rows + "states, affinity.retention(activity, cohorts_from => ?, max_period => ?) r",
            LocalDateTime.parse("2024-03-01T00:00"), 1L);
        ask("frequency", "setLong", rows + "states, affinity.frequency(activity, last_periods => ?) r", 3L);

        String describe = "SELECT to_jsonb(d)::text FROM affinity.describe((SELECT affinity.activity_agg("
            + "?, at, ?%s) FROM (VALUES (?), (?)) v (at))) d";
        ask("activity_agg: times of two zones", "OffsetDateTime", String.format(describe, ", ?"), 7L, "day",
            "Europe/Paris", OffsetDateTime.parse("2024-02-29T23:30:00Z"),
            OffsetDateTime.parse("2024-03-01T08:30:00+09:00"));
        ask("activity_agg: local times", "LocalDateTime", String.format(describe, ""), 7L, "day",
            LocalDateTime.parse("2024-02-29T23:30"), LocalDateTime.parse("2024-03-01T08:30"));
        ask("window_funnel", "setString",
            "SELECT affinity.window_funnel(?, ?, at, product = ?, product = ?)::text FROM purchases",
            "2 days", "default", "product 01", "product 02");
        ask("path_after", "setLong", "SELECT affinity.path_after(?, ?, ?)::text",
            array("text", "a", "b", "c", "d"), "b", 1L);
        connection.close();
    }
}
