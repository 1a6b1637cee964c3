import java.sql.*;

/**
 * JDBC: create a table, insert in a transaction, select.
 *
 *   java -cp /usr/share/java/postgresql.jar NotesJdbc.java [jdbc:postgresql://127.0.0.1:5432/myapp [USER PASSWORD]]
 *
 * What is not given is taken from PGHOST, PGPORT, PGDATABASE, PGUSER and PGPASSWORD.
 * Debian: apt install libpostgresql-jdbc-java default-jdk-headless
 */
public class NotesJdbc {
    static String env(String name, String otherwise) {
        return System.getenv(name) != null ? System.getenv(name) : otherwise;
    }

    public static void main(String[] args) throws SQLException {
        String url = args.length > 0 ? args[0] : "jdbc:postgresql://" + env("PGHOST", "127.0.0.1") + ":"
            + env("PGPORT", "5432") + "/" + env("PGDATABASE", "myapp");
        String user = args.length > 1 ? args[1] : env("PGUSER", "postgres");
        String password = args.length > 2 ? args[2] : env("PGPASSWORD", "postgres");

        try (Connection connection = DriverManager.getConnection(url, user, password);
             Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE IF NOT EXISTS notes_java (id integer PRIMARY KEY, title text NOT NULL, done boolean)");
            connection.setAutoCommit(false);
            statement.executeUpdate("DELETE FROM notes_java");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO notes_java VALUES (?, ?, ?)")) {
                String[] titles = { "write to the bucket", "read it on another machine" };
                for (int i = 0; i < titles.length; i++) {
                    insert.setInt(1, i + 1);
                    insert.setString(2, titles[i]);
                    insert.setBoolean(3, i == 0);
                    insert.addBatch();
                }
                insert.executeBatch();
            }
            connection.commit(); // durable in the object store when this returns
            ResultSet rows = statement.executeQuery("SELECT title, done FROM notes_java ORDER BY id");
            while (rows.next())
                System.out.println(rows.getString("title") + " - " + (rows.getBoolean("done") ? "done" : "to do"));
        }
    }
}
