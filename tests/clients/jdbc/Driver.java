import java.sql.*;
import java.util.*;
import java.util.concurrent.*;

/**
 * What a program with JDBC does: prepared statements, transactions, SQLSTATEs, metadata.
 * Licence: MIT, see LICENSE.
 */
public class Driver {
    interface Body { void run() throws Exception; }

    static final Map<String, Body> checks = new LinkedHashMap<>();

    static Connection connect() throws SQLException {
        Properties props = new Properties();
        props.setProperty("user", System.getenv("PGUSER"));
        props.setProperty("password", Objects.requireNonNullElse(System.getenv("PGPASSWORD"), ""));
        props.setProperty("socketTimeout", "25");
        return DriverManager.getConnection("jdbc:postgresql://" + System.getenv("PGHOST") + ":" + System.getenv("PGPORT") + "/" + System.getenv("PGDATABASE"), props);
    }

    static Connection fresh() throws SQLException {
        Connection conn = connect();
        Statement stmt = conn.createStatement();
        stmt.executeUpdate("DROP TABLE IF EXISTS items");
        stmt.executeUpdate("CREATE TABLE IF NOT EXISTS items (id INT PRIMARY KEY, name TEXT)");
        conn.setAutoCommit(false);
        return conn;
    }

    static int insert(Connection conn, int id, String name) throws SQLException {
        PreparedStatement pstmt = conn.prepareStatement("INSERT INTO items VALUES (?, ?)");
        pstmt.setInt(1, id);
        pstmt.setString(2, name);
        return pstmt.executeUpdate();
    }

    static List<String> rows(Connection conn) throws SQLException {
        List<String> out = new ArrayList<>();
        ResultSet r = conn.createStatement().executeQuery("SELECT id, name FROM items ORDER BY id");
        while (r.next()) out.add(r.getInt("id") + " " + r.getString("name"));
        return out;
    }

    static void eq(Object got, Object want) { if (!Objects.equals(got, want)) throw new AssertionError("got " + got + ", want " + want); }

    static void fails(String state, Body b) throws Exception {
        try { b.run(); } catch (SQLException e) { eq(e.getSQLState(), state); return; }
        throw new AssertionError("SQLSTATE " + state + " expected");
    }

    public static void main(String[] args) {
        checks.put("create_insert_commit", () -> {
            try (Connection conn = fresh()) {
                eq(insert(conn, 1, "Item 1"), 1);
                conn.commit();
                try (Connection other = connect()) { eq(rows(other), List.of("1 Item 1")); }
            }
        });
        checks.put("rollback", () -> {
            try (Connection conn = fresh()) {
                insert(conn, 1, "Item 1");
                conn.rollback();
                eq(rows(conn), List.of());
            }
        });
        checks.put("rollback_on_sql_exception", () -> {
            try (Connection conn = fresh()) {
                insert(conn, 1, "Item 1");
                conn.commit();
                try {
                    insert(conn, 2, "Item 2");
                    insert(conn, 1, "Item 1 again");
                    throw new AssertionError("duplicate accepted");
                } catch (SQLException e) {
                    eq(e.getSQLState(), "23505");
                    conn.rollback();
                }
                eq(rows(conn), List.of("1 Item 1"));
            }
        });
        checks.put("statement_reused_ten_times", () -> {
            try (Connection conn = fresh()) {
                PreparedStatement pstmt = conn.prepareStatement("INSERT INTO items VALUES (?, ?)");
                for (int i = 0; i < 10; i++) {
                    pstmt.setInt(1, i);
                    pstmt.setString(2, i == 5 ? null : "n" + i);
                    eq(pstmt.executeUpdate(), 1);
                }
                conn.commit();
                eq(rows(conn).get(5), "5 null");
                eq(rows(conn).size(), 10);
            }
        });
        checks.put("errors", () -> {
            try (Connection conn = connect()) {
                fails("42P01", () -> conn.createStatement().executeQuery("SELECT * FROM no_such_items"));
                fails("42601", () -> conn.createStatement().executeQuery("SELEC 1"));
                ResultSet r = conn.createStatement().executeQuery("SELECT 1");
                eq(r.next() ? r.getInt(1) : 0, 1);
            }
        });
        checks.put("table_is_listed", () -> {
            try (Connection conn = fresh()) {
                conn.commit();
                ResultSet r = conn.getMetaData().getColumns(null, null, "items", null);
                StringJoiner j = new StringJoiner(" ");
                while (r.next()) j.add(r.getString("COLUMN_NAME") + ":" + r.getString("TYPE_NAME"));
                eq(j.toString(), "id:int4 name:text");
            }
        });
        System.out.println("1.." + checks.size());
        int bad = 0;
        for (var c : checks.entrySet()) {
            ExecutorService x = Executors.newSingleThreadExecutor(r -> { Thread t = new Thread(r); t.setDaemon(true); return t; });
            String why = null;
            try {
                x.submit(() -> { c.getValue().run(); return null; }).get(30, TimeUnit.SECONDS);
            } catch (TimeoutException e) {
                why = "timeout after 30s";
            } catch (Exception e) {
                why = String.valueOf(e.getCause() != null ? e.getCause() : e).replaceAll("\\s+", " ");
            }
            if (why != null) bad++;
            System.out.println(why == null ? "ok " + c.getKey() : "not ok " + c.getKey() + ": " + why);
        }
        System.out.println(checks.size() - bad + " passed, " + bad + " failed");
        System.exit(bad == 0 ? 0 : 1);
    }
}
